import Messaging
import Telemetry

/// Lets the handlers of one run go one after the other where they share more than their key.
///
/// They share a transaction: a lock on a row keeps other processes out, not them.
final class RunTurns: Sendable {
    private struct Waiter {
        let id: UUIDv7
        let continuation: CheckedContinuation<Void, any Error>
    }

    /// What somebody has: whose it is, and who waits for it.
    private struct Turn {
        /// Nobody, once all have ended.
        var owner: UUIDv7?
        var waiters: [Waiter] = []
    }

    private let turns = Lock<[String: Turn]>([:])

    /// Waits until nobody else has it.
    ///
    /// - Parameter id: of the message whose handler asks.
    /// - Returns: whether nobody has had it before.
    /// - Throws: `CancellationError`, if the task is cancelled before its turn comes.
    func take(_ name: String, for id: UUIDv7) async throws -> Bool {
        if let isFirst = turns.withLock({ Self.take(name, for: id, &$0) }) { return isFirst }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let isThere = turns.withLock { turns -> Bool in
                    // Set before the cancellation handler runs, so a cancel is seen here or finds the waiter there.
                    if Task.isCancelled || Self.take(name, for: id, &turns) != nil { return true }
                    turns[name]?.waiters.append(Waiter(id: id, continuation: continuation))
                    return false
                }
                if isThere { continuation.resume() }
            }
            try Task.checkCancellation()
        } onCancel: {
            giveUp(name, id)
        }
        return false
    }

    /// - Returns: nil if somebody else has it; otherwise whether nobody has had it before.
    private static func take(_ name: String, for id: UUIDv7, _ turns: inout [String: Turn]) -> Bool? {
        guard let turn = turns[name] else {
            turns[name] = Turn(owner: id)
            return true
        }
        guard let owner = turn.owner else {
            turns[name]?.owner = id
            return false
        }
        return owner == id ? false : nil
    }

    private func giveUp(_ name: String, _ id: UUIDv7) {
        let waiter = turns.withLock { turns -> Waiter? in
            guard let index = turns[name]?.waiters.firstIndex(where: { $0.id == id }) else { return nil }
            return turns[name]?.waiters.remove(at: index)
        }
        waiter?.continuation.resume(throwing: CancellationError())
    }

    /// The handler has ended: what it had goes to the one that has waited longest.
    func end(_ id: UUIDv7) {
        let next = turns.withLock { turns -> [Waiter] in
            if turns.isEmpty { return [] }
            return turns.filter { $0.value.owner == id }.compactMap { name, turn in
                turns[name] = Turn(owner: turn.waiters.first?.id, waiters: Array(turn.waiters.dropFirst()))
                return turn.waiters.first
            }
        }
        for waiter in next { waiter.continuation.resume() }
    }
}
