import Messaging
import Telemetry

/// What is known of our rows in the outbox beyond what the table says: on their way, confirmed, in doubt.
final class OutboxLedger: Sendable {
    private struct State {
        var unconfirmedCount = 0
        /// The broker has them; the next batch deletes them.
        var confirmed: [UUIDv7] = []
        /// Nobody knows whether the broker has them, or whether the rows are there; with until when to look for a row that
        /// is not there.
        var inDoubt: [UUIDv7: ContinuousClock.Instant] = [:]
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Lock(State())
    private let unconfirmedCountMax: Int

    /// For how long a row in doubt is looked for while it is not there. A commit whose answer was lost is through or given up
    /// long before.
    static let doubtDuration = Duration.seconds(180)

    init(unconfirmedCountMax: Int) {
        self.unconfirmedCountMax = unconfirmedCountMax
    }

    var unconfirmedCount: Int { state.withLock { $0.unconfirmedCount } }

    /// Notes messages that are being published, whether or not they have a row.
    func began(_ count: Int) {
        state.withLock { $0.unconfirmedCount += count }
    }

    func ended(_ count: Int) {
        let resumed = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            state.unconfirmedCount -= count
            guard state.unconfirmedCount < unconfirmedCountMax else { return [] }
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in resumed { waiter.resume() }
    }

    /// Waits until there is room for another batch. Publishes end by themselves at their deadline, so this does too.
    func room() async {
        await withCheckedContinuation { continuation in
            let hasRoom = state.withLock { state -> Bool in
                if state.unconfirmedCount < unconfirmedCountMax { return true }
                state.waiters.append(continuation)
                return false
            }
            if hasRoom { continuation.resume() }
        }
    }

    func confirmed(_ ids: [UUIDv7]) {
        if ids.isEmpty { return }
        state.withLock { $0.confirmed += ids }
    }

    /// Takes the rows that may be deleted. Whoever takes them deletes them, or gives them back.
    func takeConfirmed() -> [UUIDv7] {
        state.withLock { state in
            defer { state.confirmed = [] }
            return state.confirmed
        }
    }

    func doubt(_ ids: [UUIDv7], now: ContinuousClock.Instant = .now) {
        if ids.isEmpty { return }
        let deadline = now + Self.doubtDuration
        state.withLock { state in
            for id in ids where state.inDoubt[id] == nil { state.inDoubt[id] = deadline }
        }
    }

    /// The rows to look for. One that is there stays in doubt, however long, until it is settled.
    var inDoubt: [UUIDv7] { state.withLock { Array($0.inDoubt.keys) } }

    /// Takes note of rows that were looked for and not there; after a while nobody looks for them any more.
    func missed(_ ids: some Sequence<UUIDv7>, now: ContinuousClock.Instant = .now) {
        state.withLock { state in
            for id in ids {
                if let deadline = state.inDoubt[id], deadline <= now { state.inDoubt[id] = nil }
            }
        }
    }

    func settled(_ ids: [UUIDv7]) {
        state.withLock { state in
            for id in ids { state.inDoubt[id] = nil }
        }
    }
}
