package import Postgres

extension Transaction {
    /// Puts messages into the outbox for whoever runs: under a process that is dead from its birth, so that the next sweep of
    /// a living one takes them over and sends them.
    package func enqueueOutbox(_ messages: [OutgoingMessage]) async throws {
        if messages.isEmpty { return }
        let row = try await query(
            "INSERT INTO skald.process (instance, lease_until) VALUES ('desk', '-infinity') RETURNING epoch"
        ).only()
        try RunStore(epoch: try row.decode(at: 0)).enqueueOutbox(messages, in: self)
    }
}
