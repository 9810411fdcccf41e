import LocalServers
import Messaging
import Telemetry

/// What whoever watches a system hears of.
enum SystemNews: Sendable {
    /// What is being done.
    case note(String)
    /// A service that keeps ending.
    case trouble(SystemState.ServiceState)
}

/// The state of the running system: changed by many tasks, written to the folder's file at every change.
final class StateBoard: Sendable {
    private let state: Lock<SystemState>
    private let path: String
    private let tell: @Sendable (SystemNews) -> Void

    /// - Parameters:
    ///   - last: The state of the run before.
    ///   - tell: is given what is new, for whoever watches the start.
    init(_ folder: LocalFolder, now: Int64, last: SystemState?, tell: @escaping @Sendable (SystemNews) -> Void) {
        state = Lock(
            SystemState(
                phase: .starting, note: "", supervisor: .own, since: now, broker: nil, database: nil, services: [],
                lastPorts: last?.ports))
        path = folder.statePath
        self.tell = tell
    }

    var current: SystemState { state.withLock { $0 } }

    func change(_ body: (inout SystemState) -> Void) {
        let hasNewNote = state.withLock { state in
            let note = state.note
            body(&state)
            write(state)
            return state.note != note && !state.note.isEmpty
        }
        if hasNewNote { tell(.note(current.note)) }
    }

    func change(_ service: String, _ body: (inout SystemState.ServiceState) -> Void) {
        change { state in
            guard let index = state.services.firstIndex(where: { $0.name == service }) else { return }
            body(&state.services[index])
        }
    }

    /// Puts down why a service keeps ending, and tells it.
    func put(_ trouble: SystemState.Trouble, of service: String) {
        change(service) { $0.trouble = trouble }
        if let state = current.services.first(where: { $0.name == service }) { tell(.trouble(state)) }
    }

    func enter(_ phase: SystemState.Phase, _ note: String) {
        change { state in
            state.phase = phase
            state.note = note
        }
    }

    /// Under the lock, so that an older state never replaces a newer one. Losing it costs a reader's view, not the system.
    private func write(_ state: SystemState) {
        guard let bytes = try? JSON.encode(state, layout: .indented) else { return }
        try? OutputFile.write(String(decoding: bytes, as: UTF8.self), to: path)
    }
}
