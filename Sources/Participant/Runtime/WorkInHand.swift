import Telemetry

/// Since when this process works on what it took from a queue: what is in its hands no broker counts as waiting.
final class WorkInHand: Sendable {
    private let beginnings = Lock<[String: ContinuousClock.Instant]>([:])

    /// - Returns: nil if all that was taken from the queue is settled.
    func since(ofQueue queue: String) -> ContinuousClock.Instant? { beginnings.withLock { $0[queue] } }

    func began(onQueue queue: String) {
        let now = ContinuousClock.now
        beginnings.withLock { if $0[queue] == nil { $0[queue] = now } }
    }

    func ended(onQueue queue: String) { beginnings.withLock { $0[queue] = nil } }
}
