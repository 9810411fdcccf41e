package import Postgres
package import SagaModel

/// What an orchestrator's database knows of its sagas, for people and for tools. It only reads.
package struct SagaStore: Sendable {
    package let database: PostgresPool
    let shelf = DefinitionShelf()

    /// - Parameter database: a role that may read is enough.
    package init(_ database: PostgresPool) {
        self.database = database
    }

    // MARK: Lists

    /// Lists sagas, those started last first.
    ///
    /// - Parameter after: where the page before ended.
    package func list(
        _ filter: SagaFilter = SagaFilter(), after: Identifier? = nil, countMax: Int = 50
    ) async throws -> SagaPage {
        let limit = max(1, countMax)
        let rows = try await database.query(
            """
            SELECT \(sql: Self.columns) FROM saga_instance AS saga LEFT JOIN saga_definition ON hash = saga.definition
            WHERE \(sql: Self.condition(filter))
                AND (\(after.map { PostgresUUID($0) })::uuid IS NULL OR saga.id < \(after.map { PostgresUUID($0) }))
            ORDER BY saga.id DESC LIMIT \(Int64(limit + 1))
            """)
        let sagas = try await summaries(rows.prefix(limit))
        return SagaPage(sagas: sagas, next: rows.count > limit ? sagas.last?.id : nil)
    }

    /// How many sagas there are, by standing.
    package func counts(_ filter: SagaFilter = SagaFilter()) async throws -> [SagaSummary.Standing: Int] {
        let rows = try await database.query(
            """
            SELECT \(sql: Self.standing), count(*) FROM saga_instance AS saga
            WHERE \(sql: Self.condition(filter)) GROUP BY 1
            """)
        var counts: [SagaSummary.Standing: Int] = [:]
        for row in rows {
            let (standing, count) = try row.decode(String.self, Int64.self)
            if let standing = SagaSummary.Standing(rawValue: standing) { counts[standing] = Int(count) }
        }
        return counts
    }

    // MARK: Changes

    /// Lists sagas that began, went on or ended at a time or later, in the order of their ids.
    ///
    /// - Parameters:
    ///   - time: in milliseconds since 1970, by the orchestrators' clocks.
    ///   - after: where the page before ended.
    package func changes(
        from time: Int64, after: Identifier? = nil, countMax: Int = 500
    ) async throws -> SagaPage {
        let limit = max(1, countMax)
        let from = PostgresTimestamp(milliseconds: time)
        let rows = try await database.query(
            """
            SELECT \(sql: Self.columns) FROM (
                SELECT id FROM saga_instance WHERE ended_at IS NULL AND changed_at >= \(from)
                UNION ALL SELECT id FROM saga_instance WHERE ended_at >= \(from)
                OFFSET 0
            ) AS changed JOIN saga_instance AS saga USING (id)
                LEFT JOIN saga_definition ON hash = saga.definition
            WHERE \(after.map { PostgresUUID($0) })::uuid IS NULL OR saga.id > \(after.map { PostgresUUID($0) })
            ORDER BY saga.id LIMIT \(Int64(limit + 1))
            """)
        let sagas = try await summaries(rows.prefix(limit))
        return SagaPage(sagas: sagas, next: rows.count > limit ? sagas.last?.id : nil)
    }

    /// The database's clock, in milliseconds since 1970.
    package func now() async throws -> Int64 {
        try await database.query("SELECT now()").only().decode(PostgresTimestamp.self, at: 0).milliseconds
    }

    // MARK: One saga

    package func summary(of id: Identifier) async throws -> SagaSummary? {
        let row = try await database.query(
            """
            SELECT \(sql: Self.columns) FROM saga_instance AS saga LEFT JOIN saga_definition ON hash = saga.definition
            WHERE saga.id = \(PostgresUUID(id))
            """
        ).atMostOne()
        return try await summaries(row.map { [$0] } ?? []).first
    }

    /// The sagas whose key is this, newest first; several definitions may use one key.
    package func sagas(withKey key: String) async throws -> [SagaSummary] {
        var filter = SagaFilter()
        filter.key = key
        return try await list(filter).sagas
    }

    /// The instance and the definition it runs by, to ask the model about it.
    package func instance(_ id: Identifier) async throws -> (RegisteredDefinition, Instance)? {
        let row = try await database.query(InstanceStore.find(id)).atMostOne()
        guard let stored = try row.flatMap(InstanceStore.stored) else { return nil }
        try await shelf.load([stored.definition], from: database)
        guard let definition = shelf.definition(hash: stored.definition) else {
            throw UnknownDefinition(hash: stored.definition)
        }
        return (definition, try stored.fold(by: definition).instance)
    }

    /// The orders that an operator may give to the saga now, with their consequences; nil if there is no such saga.
    ///
    /// - Parameter now: in milliseconds since 1970.
    package func choices(for id: Identifier, now: Int64) async throws -> [OperatorChoice]? {
        guard let (definition, instance) = try await instance(id) else { return nil }
        return SagaMachine.operatorChoices(definition.compiled, instance, milliseconds: now)
    }

    /// What happened to a saga, from its start.
    package func records(of id: Identifier) async throws -> [HistoryRecord] {
        let rows = try await database.query(
            """
            SELECT number, at, cause, input, actions FROM saga_history WHERE saga = \(PostgresUUID(id)) ORDER BY number
            """)
        return try rows.map { row in
            let (number, at, cause, input, actions) = try row.decode(
                Int64.self, PostgresTimestamp.self, PostgresUUID?.self, String.self, String.self)
            return HistoryRecord(
                number: number, at: at.milliseconds, messageID: cause.map { Identifier($0).description },
                entry: try StoredHistory.entry(input: input, actions: actions))
        }
    }

    /// A saga's history as `skald replay` takes it; ``History/text`` is the file.
    package func history(of id: Identifier) async throws -> History? {
        guard let summary = try await summary(of: id) else { return nil }
        return History(
            definition: summary.name, version: summary.definitionVersion, hash: summary.definitionHash,
            entries: try await records(of: id).map(\.entry))
    }

    /// Hands over every stored history, the oldest saga first, with little of them in memory at a time.
    ///
    /// All are read in one snapshot, so none is seen half-way through a transaction.
    package func forEachHistory(_ body: (Identifier, History) async throws -> Void) async throws {
        try await database.withTransaction(isolation: .repeatableRead, readOnly: true, tracksOutcome: false) {
            transaction in
            var reader = HistoryReader()
            let rows = transaction.stream(
                """
                SELECT entry.saga, saga.name, coalesce(saga_definition.version, 0), saga.definition, input, actions
                FROM saga_history AS entry JOIN saga_instance AS saga ON saga.id = entry.saga
                    LEFT JOIN saga_definition ON hash = saga.definition
                ORDER BY entry.saga, entry.number
                """)
            for try await row in rows {
                if let (id, history) = try reader.take(row) { try await body(id, history) }
            }
            if let (id, history) = reader.last { try await body(id, history) }
        }
    }
}

/// Puts the rows of histories together that come one entry at a time.
private struct HistoryReader {
    private(set) var last: (Identifier, History)?

    /// - Returns: the history that ended before the row.
    mutating func take(_ row: Row) throws -> (Identifier, History)? {
        let (saga, name, version, hash, input, actions) = try row.decode(
            PostgresUUID.self, String.self, Int32.self, String.self, String.self, String.self)
        let entry = try StoredHistory.entry(input: input, actions: actions)
        if last?.0 == Identifier(saga) {
            last?.1.entries.append(entry)
            return nil
        }
        defer {
            last = (
                Identifier(saga), History(definition: name, version: Int(version), hash: hash, entries: [entry])
            )
        }
        return last
    }
}

/// History entries between a row's two texts and the model.
enum StoredHistory {
    static func entry(input: String, actions: String) throws -> History.Entry {
        let value: Value = [
            "format": .string(History.format), "definition": "", "version": 0, "hash": "",
            "entries": .list([
                [
                    "input": try CanonicalJSON.value(of: input, limits: .stored),
                    "actions": try CanonicalJSON.value(of: actions, limits: .stored),
                ]
            ]),
        ]
        return try History(value).entries[0]
    }
}
