internal import LocalServers

/// Lets a system do the work of months before it is measured, so that all its tables are as large as they would be.
enum StoredSagas {
    /// Orders placed by one call, after which it says how far it is.
    private static let orderCountMax = 5_000
    /// Where the system does most a second.
    private static let outstanding = 1_024

    /// Places orders until so many sagas are stored, and tidies up as the server would by night.
    static func fill(_ system: SagaSystem, by generator: OrderGenerator, to count: Int) async throws {
        var stored = try await Self.count(in: system)
        while stored < count {
            Progress.say("filling the store: \(stored) of \(count)")
            _ = try await generator.run(min(count - stored, orderCountMax), outstanding: outstanding)
            stored = try await Self.count(in: system)
        }
        try await tidy(system)
    }

    static func tidy(_ system: SagaSystem) async throws {
        for service in system.services {
            try await system.cluster.psql("VACUUM ANALYZE", in: system.database(of: service))
        }
        try await system.cluster.psql("CHECKPOINT")
    }

    static func count(in system: SagaSystem) async throws -> Int {
        let text = try await system.cluster.psql(
            "SELECT count(*) FROM saga_instance", in: system.database(of: "orchestrator"))
        return Int(text.filter(\.isNumber)) ?? 0
    }
}
