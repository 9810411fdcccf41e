internal import LocalServers

/// What broker and database counted: messages taken from publishers, transactions committed.
struct SagaCounters {
    var messageCount: Int
    var transactionCount: Int

    /// A server reports its counts when it has been idle for this long (`PGSTAT_IDLE_INTERVAL`); until then some are missing.
    static let settlingTime = Duration.seconds(11)

    static func read(_ system: SagaSystem) async throws -> SagaCounters {
        let messages = try await system.broker.evaluate(
            "maps:get(messages_received_total, maps:get([{protocol, amqp091}], rabbit_global_counters:overview()))")
        let transactions = try await system.cluster.psql(
            "SELECT sum(xact_commit)::bigint FROM pg_stat_database WHERE datname LIKE :'names'",
            ["names": system.database(of: "%")])
        guard let messageCount = Int(messages), let transactionCount = Int(transactions.filter(\.isNumber)) else {
            throw BaselineFailure(description: "counters read as \(messages) and \(transactions)")
        }
        return SagaCounters(messageCount: messageCount, transactionCount: transactionCount)
    }
}
