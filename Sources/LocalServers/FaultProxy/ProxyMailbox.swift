import Glibc
import Telemetry

/// What tests tell the proxy's thread, and what it tells them.
final class ProxyMailbox: Sendable {
    enum Order: Sendable {
        case set(Fault, [FaultProxy.Direction])
        case cutAll(Fault.Cut.Manner)
        case refuse(Bool)
        case end
    }

    struct Letter: Sendable {
        var order: Order
        var done: CheckedContinuation<Void, Never>?
    }

    private struct State {
        var letters: [Letter] = []
        var counts = FaultProxy.Counts()
        var isClosed = false
    }

    private let state = Lock(State())
    private let bell: Descriptor

    init(bell: consuming Descriptor) { self.bell = bell }

    var counts: FaultProxy.Counts { state.withLock { $0.counts } }

    /// Leaves an order and wakes the thread; `done` is resumed when it is carried out, or at once after the end.
    func post(_ order: Order, _ done: CheckedContinuation<Void, Never>?) {
        let isClosed = state.withLock { state in
            if !state.isClosed { state.letters.append(Letter(order: order, done: done)) }
            return state.isClosed
        }
        if isClosed { done?.resume() } else { _ = bell.send("!") }
    }

    // MARK: The thread's side

    func take() -> [Letter] {
        state.withLock { state in
            defer { state.letters = [] }
            return state.letters
        }
    }

    func count(_ change: (inout FaultProxy.Counts) -> Void) { state.withLock { change(&$0.counts) } }

    /// No more orders; gives those nobody will carry out.
    func closed() -> [Letter] {
        state.withLock { state in
            defer { state.letters = [] }
            state.isClosed = true
            return state.letters
        }
    }
}
