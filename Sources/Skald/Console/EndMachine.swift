#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// When a program that was started is ended: once nobody waits for it any more, or after its time. It is asked first.
struct EndMachine: Sendable {
    enum Action: Hashable, Sendable {
        case wait
        case send(Int32)
    }

    enum Reason: Hashable, Sendable {
        case unwanted
        case late
    }

    private enum State {
        /// Leads to `asked`.
        case running
        /// Leads to `killed`.
        case asked(at: Duration)
        case killed
    }

    /// How long it may take to end once it was asked to.
    static let grace = Duration.seconds(5)

    /// Why it was ended; nil if it was not.
    private(set) var reason: Reason?
    private let limit: Duration
    private var state = State.running

    init(limit: Duration) { self.limit = limit }

    /// It still runs this long after its start.
    mutating func saw(_ elapsed: Duration, isUnwanted: Bool) -> Action {
        switch state {
        case .running:
            guard isUnwanted || elapsed >= limit else { return .wait }
            reason = isUnwanted ? .unwanted : .late
            state = .asked(at: elapsed)
            return .send(SIGTERM)
        case .asked(let then):
            guard elapsed - then >= Self.grace else { return .wait }
            state = .killed
            return .send(SIGKILL)
        case .killed: return .wait
        }
    }
}
