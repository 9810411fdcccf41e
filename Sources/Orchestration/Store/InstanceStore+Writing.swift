import Messaging
import Postgres
import SagaModel

/// What is written at the end: every statement is queued and leaves with COMMIT in one round trip.
extension InstanceStore {
    static func enqueue(_ folds: [SagaFold], at now: PostgresTimestamp, in transaction: Transaction) throws {
        let changed = folds.filter { !$0.entries.isEmpty }.sorted { $0.instance.id.order < $1.instance.id.order }
        if changed.isEmpty { return }
        try enqueueInstances(changed, at: now, in: transaction)
        try enqueueHistory(changed, in: transaction)
        try enqueueTimers(changed, in: transaction)
        try enqueueWaits(changed.filter(\.definition.hasWaits), in: transaction)
    }

    private static func enqueueInstances(
        _ folds: [SagaFold], at now: PostgresTimestamp, in transaction: Transaction
    ) throws {
        let new = folds.filter { $0.storedVersion == nil }
        if !new.isEmpty { try transaction.enqueue(insertion(Columns(new), of: new, at: now)) }
        let old = folds.filter { $0.storedVersion != nil }
        if !old.isEmpty { try transaction.enqueue(update(Columns(old), at: now)) }
    }

    /// The columns that change with every input.
    private struct Columns {
        var ids: [PostgresUUID]
        var before: [Int64]
        var versions: [Int64]
        var phases: [String]
        var stuck: [Bool]
        var outcomes: [String]
        var states: [String]
        var over: [Bool]
        /// Separated by commas, as arrays of arrays cannot be taken apart.
        var paused: [String]

        init(_ folds: [SagaFold]) {
            ids = folds.map { PostgresUUID($0.instance.id) }
            before = folds.map { $0.storedVersion ?? 0 }
            versions = folds.map(\.version)
            phases = folds.map(\.instance.phase.rawValue)
            stuck = folds.map(\.instance.isStuck)
            outcomes = folds.map { $0.outcome ?? "" }
            states = folds.map { CanonicalJSON.text(of: $0.instance.stored(by: $0.definition.compiled)) }
            over = folds.map(\.instance.isOver)
            paused = folds.map { $0.pausedParticipants.joined(separator: ",") }
        }
    }

    private static func insertion(_ columns: Columns, of folds: [SagaFold], at now: PostgresTimestamp) -> SQL {
        let definitions = folds.map(\.definition.hash)
        let names = folds.map(\.definition.name)
        let keys = folds.map { CanonicalJSON.text(of: $0.instance.key) }
        let searches = folds.map { PostgresJSON($0.searchText) }
        let traces = folds.map { $0.traceparent ?? "" }
        return """
            INSERT INTO saga_instance (
                id, definition, name, key, version, phase, is_stuck, outcome, state, search, traceparent, started_at,
                changed_at, ended_at)
            SELECT id, definition, name, key, version, phase, is_stuck, nullif(outcome, ''), state, search,
                nullif(traceparent, ''), \(now), \(now), CASE WHEN is_over THEN \(now) END
            FROM unnest(\(columns.ids), \(definitions), \(names), \(keys), \(columns.versions), \(columns.phases),
                \(columns.stuck), \(columns.outcomes), \(columns.states), \(searches), \(traces), \(columns.over))
                AS saga (id, definition, name, key, version, phase, is_stuck, outcome, state, search, traceparent,
                    is_over)
            """
    }

    private static func update(_ columns: Columns, at now: PostgresTimestamp) -> SQL {
        """
        UPDATE saga_instance SET version = next.version, phase = next.phase, is_stuck = next.is_stuck,
            outcome = nullif(next.outcome, ''), state = next.state,
            paused = coalesce(string_to_array(nullif(next.paused, ''), ','), '{}'), changed_at = \(now),
            ended_at = CASE WHEN next.is_over THEN coalesce(saga_instance.ended_at, \(now)) END
        FROM unnest(\(columns.ids), \(columns.before), \(columns.versions), \(columns.phases), \(columns.stuck),
            \(columns.outcomes), \(columns.states), \(columns.over), \(columns.paused))
            AS next (id, before, version, phase, is_stuck, outcome, state, is_over, paused)
        WHERE saga_instance.id = next.id AND saga_instance.version = next.before
        """
    }

    /// Its primary key is the last guard: whoever decided on an older version would write a number that is taken.
    private static func enqueueHistory(_ folds: [SagaFold], in transaction: Transaction) throws {
        var sagas: [PostgresUUID] = []
        var numbers: [Int64] = []
        var times: [PostgresTimestamp] = []
        var causes: [String] = []
        var inputs: [String] = []
        var actions: [String] = []
        for fold in folds {
            for entry in fold.entries {
                sagas.append(PostgresUUID(fold.instance.id))
                numbers.append(entry.number)
                times.append(PostgresTimestamp(milliseconds: entry.input.milliseconds))
                causes.append(entry.cause?.description ?? "")
                inputs.append(CanonicalJSON.text(of: entry.input.value))
                actions.append(CanonicalJSON.text(of: .list(entry.actions.map(\.value))))
            }
        }
        try transaction.enqueue(
            """
            INSERT INTO saga_history (saga, number, at, cause, input, actions)
            SELECT saga, number, at, nullif(cause, '')::uuid, input, actions
            FROM unnest(\(sagas), \(numbers), \(times), \(causes), \(inputs), \(actions))
                AS entry (saga, number, at, cause, input, actions)
            """)
    }

    private static func enqueueTimers(_ folds: [SagaFold], in transaction: Transaction) throws {
        let all = folds.flatMap { fold in
            fold.timers.map { (saga: PostgresUUID(fold.instance.id), turn: $0.key, due: $0.value) }
        }
        let cancelled = all.filter { $0.due == nil }
        if !cancelled.isEmpty {
            try transaction.enqueue(
                """
                DELETE FROM saga_timer
                WHERE (saga, step, direction, try) IN (
                    SELECT * FROM unnest(\(cancelled.map(\.saga)), \(cancelled.map(\.turn.step)),
                        \(cancelled.map(\.turn.direction.rawValue)), \(cancelled.map { Int32($0.turn.attempt) })))
                """)
        }
        let set = all.filter { $0.due != nil }
        if set.isEmpty { return }
        try transaction.enqueue(
            """
            INSERT INTO saga_timer (saga, step, direction, try, due)
            SELECT * FROM unnest(\(set.map(\.saga)), \(set.map(\.turn.step)), \(set.map(\.turn.direction.rawValue)),
                \(set.map { Int32($0.turn.attempt) }), \(set.map { PostgresTimestamp(milliseconds: $0.due ?? 0) }))
            ON CONFLICT (saga, step, direction, try) DO UPDATE SET due = excluded.due
            """)
    }

    private static func enqueueWaits(_ folds: [SagaFold], in transaction: Transaction) throws {
        if folds.isEmpty { return }
        let ids = folds.map { PostgresUUID($0.instance.id) }
        try transaction.enqueue("DELETE FROM saga_wait WHERE saga = ANY (\(ids))")
        let waits = folds.flatMap { fold in fold.waits.map { (PostgresUUID(fold.instance.id), $0) } }
        if waits.isEmpty { return }
        try transaction.enqueue(
            """
            INSERT INTO saga_wait (event, field, value, saga)
            SELECT * FROM unnest(\(waits.map(\.1.event)), \(waits.map(\.1.field)), \(waits.map(\.1.value)),
                \(waits.map(\.0)))
            ON CONFLICT DO NOTHING
            """)
    }
}

extension PostgresTimestamp {
    /// - Parameter milliseconds: since 1970.
    init(milliseconds: Int64) {
        let (product, overflow) = milliseconds.multipliedReportingOverflow(by: 1000)
        self = overflow ? .infinity : PostgresTimestamp(microsecondsSinceUnixEpoch: product) ?? .infinity
    }
}

extension Identifier {
    /// As the server orders them.
    var order: (UInt64, UInt64) { (high, low) }
}
