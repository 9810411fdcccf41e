internal import LocalServers

/// Fills an orchestrator's store with copies of sagas that really ran, as months of work would.
enum StoredSagas {
    /// As many sagas are copied, as often as it takes.
    private static let modelCount = 1_000
    /// Copies made by one command, which has a minute.
    private static let copyCountMax = 20

    /// Copies finished sagas until there are so many, with their keys, histories and inbox rows.
    ///
    /// - Precondition: ``modelCount`` sagas have ended, and no more are added meanwhile.
    static func fill(_ system: SagaSystem, to count: Int) async throws {
        let database = system.database(of: "orchestrator")
        let copyCount = (count - (try await Self.count(in: system))) / modelCount
        for first in stride(from: 1, through: copyCount, by: copyCountMax) {
            let last = min(copyCount, first + copyCountMax - 1)
            Progress.say("filling the store: \(last * modelCount) of \(copyCount * modelCount)")
            try await system.cluster.psql(
                copying, ["models": String(modelCount), "first": String(first), "last": String(last)],
                in: database)
        }
        try await system.cluster.psql("VACUUM ANALYZE", in: database)
        try await system.cluster.psql("CHECKPOINT")
    }

    static func count(in system: SagaSystem) async throws -> Int {
        let text = try await system.cluster.psql(
            "SELECT count(*) FROM saga_instance", in: system.database(of: "orchestrator"))
        return Int(text.filter(\.isNumber)) ?? 0
    }

    /// A copy is as many milliseconds older than its model as its number says, by the time inside all of its ids.
    private static let copying = """
        CREATE FUNCTION pg_temp.copy_text(text, place integer, number integer) RETURNS text LANGUAGE sql IMMUTABLE AS $$
            SELECT overlay($1 placing left(time, 8) || '-' || right(time, 4) from $2 for 13)
            FROM (SELECT lpad(to_hex(
                ('x' || substr($1, $2, 8) || substr($1, $2 + 9, 4))::bit(48)::bigint - $3), 12, '0')) AS new (time) $$;
        CREATE FUNCTION pg_temp.copy_id(uuid, number integer) RETURNS uuid LANGUAGE sql IMMUTABLE
            AS $$ SELECT pg_temp.copy_text($1::text, 1, $2)::uuid $$;
        CREATE TABLE IF NOT EXISTS model AS SELECT * FROM saga_instance WHERE ended_at IS NOT NULL LIMIT :models;
        CREATE TEMP TABLE copy AS SELECT number FROM generate_series(:first, :last) AS number;
        INSERT INTO saga_instance (id, definition, name, key, version, phase, is_stuck, outcome, state, search,
                traceparent, paused, started_at, changed_at, ended_at)
            SELECT pg_temp.copy_id(id, number), definition, name, pg_temp.copy_text(key, 2, number), version, phase,
                is_stuck, outcome, state, search, traceparent, paused, started_at, changed_at, ended_at
            FROM copy, model;
        INSERT INTO saga_key (name, key, saga)
            SELECT name, pg_temp.copy_text(key, 2, number), pg_temp.copy_id(id, number) FROM copy, model;
        INSERT INTO saga_history (saga, number, at, cause, input, actions)
            SELECT pg_temp.copy_id(saga, copy.number), history.number, at, pg_temp.copy_id(cause, copy.number), input,
                actions
            FROM copy, saga_history AS history WHERE saga IN (SELECT id FROM model);
        INSERT INTO skald.inbox (id, type, saga, handled_at)
            SELECT pg_temp.copy_id(inbox.id, number), type, pg_temp.copy_text(saga, 1, number), handled_at
            FROM copy, skald.inbox WHERE inbox.id IN (
                SELECT cause FROM saga_history WHERE saga IN (SELECT id FROM model));
        """
}
