import Glibc
import Telemetry

/// A long-lived child: a server, held by its process id from start to reaping.
///
/// Signals go out only while the child is not reaped, so its id cannot have passed to a stranger.
final class ChildProcess: Sendable {
    /// How a child ended.
    enum Exit: Sendable, Equatable, CustomStringConvertible {
        case status(Int32)
        case signal(Int32)

        var description: String {
            switch self {
            case .status(let number): "exit status \(number)"
            case .signal(let number): "signal \(number)"
            }
        }
    }

    let pid: pid_t
    private let exit = Lock<Exit?>(nil)
    private let watchdog: Watchdog

    private init(pid: pid_t, _ watchdog: Watchdog) {
        self.pid = pid
        self.watchdog = watchdog
    }

    /// Starts `launch` under `watchdog`, so that it ends with this process however that ends.
    ///
    /// The child first waits at a gate: a shell reads one line before it becomes the program. That line is sent once the
    /// watchdog knows the child; should this process die in between, the gate closes and the child is gone too.
    ///
    /// - Parameter folder: The kept folder it writes to, where it is put down before it begins.
    static func start(
        _ launch: Launch, under watchdog: Watchdog, endedBy farewell: Watchdog.Farewell,
        notedIn folder: ServerFolder? = nil
    ) throws -> ChildProcess {
        let gate = try Descriptor.pair()
        var gated = launch
        gated.arguments = ["/bin/sh", "-c", gateScript, "gate"] + launch.arguments
        gated.input = .descriptor(gate.far.number)
        let child = ChildProcess(pid: try gated.spawn(), watchdog)
        do {
            if let folder { try child.note(farewell, in: folder) }
        } catch {
            child.stop(with: SIGKILL, within: .seconds(5))
            throw error
        }
        guard watchdog.watch(child.pid, farewell), gate.near.send("go\n") else {
            child.stop(with: SIGKILL, within: .seconds(5))
            throw LocalServerError(
                .startFailed, subject: launch.arguments[0], problem: "its watchdog ended",
                remedy: "look for what kills shell processes here (memory, limits)")
        }
        return child
    }

    private func note(_ farewell: Watchdog.Farewell, in folder: ServerFolder) throws {
        // One that has ended already is noticed once the gate opens.
        guard let process = ProcessIdentity(pid: pid) else { return }
        try ServerRecord.put(ServerRecord(process: process, farewell: farewell), in: folder)
    }

    private static let gateScript = #"read -r go || exit 125; umask 077; exec "$@" </dev/null"#

    /// How it ended, or nil while it runs.
    func poll() -> Exit? {
        exit.withLock { exit in
            if exit == nil { exit = Self.reap(pid) }
            return exit
        }
    }

    /// Sends `signal` unless the child has ended.
    func send(_ signal: Int32) {
        exit.withLock { exit in
            if exit == nil { exit = Self.reap(pid) }
            if exit == nil { kill(pid, signal) }
        }
    }

    /// Sends `signal`, waits, and after the limit kills the child and its process group.
    @discardableResult
    func stop(with signal: Int32, within limit: Duration) -> Exit {
        // One that has ended by itself is no more stopped by this.
        let hadEnded = poll() != nil
        defer { if !hadEnded { _ = watchdog.forget(pid) } }
        send(signal)
        if let exit = Deadline(after: limit).poll({ poll() }) { return exit }
        exit.withLock { exit in
            if exit == nil { kill(-pid, SIGKILL) }
        }
        // SIGKILL cannot be refused: only a process stuck in the kernel would still be here.
        return Deadline(after: .seconds(30)).poll { poll() } ?? .signal(SIGKILL)
    }

    private static func reap(_ pid: pid_t) -> Exit? {
        var status: Int32 = 0
        let result = waitpid(pid, &status, WNOHANG)
        if result == 0 || (result < 0 && errno == EINTR) { return nil }
        guard result == pid else { return .status(-1) }
        let signal = status & 0x7f
        return signal == 0 ? .status((status >> 8) & 0xff) : .signal(signal)
    }
}
