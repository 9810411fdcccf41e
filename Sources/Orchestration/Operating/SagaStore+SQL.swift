import Postgres
import SagaModel

extension SagaStore {
    static let standing: SQL = """
        CASE WHEN phase IN ('finished', 'aborted') THEN phase WHEN is_stuck THEN 'stuck'
            WHEN phase = 'running' THEN 'running' ELSE 'compensating' END
        """

    static let columns: SQL = """
        saga.id, saga.name, coalesce(saga_definition.version, 0), saga.definition, saga.key, \(sql: standing), saga.outcome,
        saga.version, saga.search, saga.traceparent, saga.started_at, saga.changed_at, saga.ended_at,
        CASE WHEN saga.paused <> '{}' AND saga.ended_at IS NULL THEN saga.state END
        """

    /// The sagas of rows; the state comes with those that may be held by a pause.
    func summaries(_ rows: some Sequence<Row>) async throws -> [SagaSummary] {
        let rows = rows.map { $0 }
        let held = try rows.filter { try $0.decode(String?.self, at: 13) != nil }
        let hashes = try held.map { try $0.decode(String.self, at: 3) }
        // A definition that cannot be read is told where it is worked with; sagas are listed all the same.
        try? await shelf.load(hashes, from: database)
        return try rows.map(summary)
    }

    /// - Returns: nobody where the state cannot be read: what is damaged has to be seen, too.
    private func pausedFor(_ row: Row) throws -> [String] {
        guard let state = try row.decode(String?.self, at: 13) else { return [] }
        let hash = try row.decode(String.self, at: 3)
        guard let definition = shelf.definition(hash: hash)?.compiled,
            let value = try? CanonicalJSON.value(of: state, limits: .stored),
            let instance = try? Instance(stored: value, by: definition)
        else { return [] }
        return instance.participantsWaitedFor(by: definition)
    }

    private func summary(_ row: Row) throws -> SagaSummary {
        let (id, name, definitionVersion, hash, key, standing, outcome) = try row.decode(
            PostgresUUID.self, String.self, Int32.self, String.self, String.self, String.self, String?.self)
        let search = try CanonicalJSON.value(
            of: try row.decode(PostgresJSON.self, at: 8).utf8, limits: .stored)
        guard case .record(let record) = search else {
            throw FormatError(place: "search", message: "of the saga \(Identifier(id)) must be a record")
        }
        return SagaSummary(
            id: Identifier(id), name: name, definitionVersion: Int(definitionVersion), definitionHash: hash,
            key: Self.plain(key), standing: SagaSummary.Standing(rawValue: standing) ?? .running, outcome: outcome,
            version: try row.decode(at: 7), search: record, pausedFor: try pausedFor(row),
            traceparent: try row.decode(at: 9),
            startedAt: try row.decode(PostgresTimestamp.self, at: 10).milliseconds,
            changedAt: try row.decode(PostgresTimestamp.self, at: 11).milliseconds,
            endedAt: try row.decode(PostgresTimestamp?.self, at: 12)?.milliseconds)
    }

    /// A key as people write it: text without its quotes.
    private static func plain(_ key: String) -> String {
        if case .string(let text) = try? CanonicalJSON.value(of: key) { return text }
        return key
    }

    static func condition(_ filter: SagaFilter) -> SQL {
        let name = filter.name
        let standings = filter.standings.map(\.rawValue).sorted()
        let keys = filter.key.map { [CanonicalJSON.text(of: .string($0)), $0] } ?? []
        let outcome = filter.outcome
        let fields = Record(filter.search.map { Record.Member(name: $0.key, value: .string($0.value)) })
        let search = PostgresJSON(CanonicalJSON.text(of: .record(fields)))
        let from = filter.startedFrom.map { PostgresTimestamp(milliseconds: $0) }
        let before = filter.startedBefore.map { PostgresTimestamp(milliseconds: $0) }
        return """
            (\(name)::text IS NULL OR saga.name = \(name))
            AND (cardinality(\(standings)) = 0 OR \(sql: standing) = ANY (\(standings)))
            AND (cardinality(\(keys)) = 0 OR saga.key = ANY (\(keys)))
            AND (\(outcome)::text IS NULL OR saga.outcome = \(outcome))
            AND (\(search) = '{}' OR saga.search @> \(search))
            AND (\(from)::timestamptz IS NULL OR saga.started_at >= \(from))
            AND (\(before)::timestamptz IS NULL OR saga.started_at < \(before))
            """
    }
}

extension PostgresTimestamp {
    /// Since 1970.
    var milliseconds: Int64 { (microsecondsSinceUnixEpoch ?? 0) / 1000 }
}
