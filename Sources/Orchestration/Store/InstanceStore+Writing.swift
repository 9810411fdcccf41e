import Messaging
import Postgres
import SagaModel

/// What is written at the end: every statement is queued and leaves with COMMIT in one round trip.
extension InstanceStore {
    /// - Parameter now: in milliseconds since 1970.
    static func enqueue(_ folds: [SagaFold], at now: Int64, in transaction: Transaction) throws {
        let sorted = folds.sorted { $0.instance.id.order < $1.instance.id.order }
        try enqueueWakes(
            sorted.filter { $0.entries.isEmpty && $0.wake(at: now) != $0.wakeAt }, at: now, in: transaction)
        let changed = sorted.filter { !$0.entries.isEmpty }
        if changed.isEmpty { return }
        try enqueueInstances(changed, at: now, in: transaction)
        try enqueueHistory(changed, in: transaction)
        try enqueueWaits(changed.filter(\.definition.hasWaits), in: transaction)
    }

    private static func enqueueInstances(
        _ folds: [SagaFold], at now: Int64, in transaction: Transaction
    ) throws {
        let time = PostgresTimestamp(milliseconds: now)
        let new = folds.filter { $0.storedVersion == nil }
        if !new.isEmpty { try transaction.enqueue(insertion(Columns(new, at: now), of: new, at: time)) }
        let read = folds.filter { $0.storedVersion != nil && $0.assumed == nil }
        if !read.isEmpty { try transaction.enqueue(update(Columns(read, at: now), at: time)) }
        let assumed = folds.filter { $0.assumed != nil }
        if !assumed.isEmpty { try transaction.enqueue(update(assumed: assumed, at: now)) }
    }

    /// The columns that change with every input.
    private struct Columns {
        var ids: [PostgresUUID]
        var before: [Int64]
        var versions: [Int64]
        var phases: [String]
        var stuck: [Bool]
        var outcomes: [String?]
        var states: PostgresTexts
        var over: [Bool]
        /// Separated by commas, as arrays of arrays cannot be taken apart.
        var paused: [String]
        var wakes: [PostgresTimestamp]

        init(_ folds: [SagaFold], at now: Int64) {
            ids = folds.map { PostgresUUID($0.instance.id) }
            before = folds.map { $0.storedVersion ?? 0 }
            versions = folds.map(\.version)
            phases = folds.map(\.instance.phase.rawValue)
            stuck = folds.map(\.instance.isStuck)
            outcomes = folds.map(\.outcome)
            var states = JSONColumn(countExpected: folds.count)
            for fold in folds {
                fold.storedByteCount = states.append { fold.instance.write(to: &$0, by: fold.definition.compiled) }
            }
            self.states = states.texts
            over = folds.map(\.instance.isOver)
            paused = folds.map { $0.pausedParticipants.joined(separator: ",") }
            wakes = InstanceStore.wakes(folds, at: now)
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
                changed_at, ended_at, wake_at)
            SELECT id, definition, name, key, version, phase, is_stuck, outcome, state, search,
                nullif(traceparent, ''), \(now), \(now), CASE WHEN is_over THEN \(now) END, nullif(wake, 'infinity')
            FROM unnest(\(columns.ids), \(definitions), \(names), \(keys), \(columns.versions), \(columns.phases),
                \(columns.stuck), \(columns.outcomes), \(columns.states), \(searches), \(traces), \(columns.over),
                \(columns.wakes))
                AS saga (id, definition, name, key, version, phase, is_stuck, outcome, state, search, traceparent,
                    is_over, wake)
            """
    }

    private static func update(_ columns: Columns, at now: PostgresTimestamp) -> SQL {
        """
        UPDATE saga_instance SET \(sql: changes(at: now))
        FROM unnest(\(sql: values(columns))) AS next (\(sql: names))
        WHERE saga_instance.id = next.id AND saga_instance.version = next.before
        """
    }

    /// The update of rows that nobody has read or locked. It fails where one is not what it was taken to be.
    ///
    /// Rows are locked in the order of the folds, as each is looked for by its key.
    static func update(assumed folds: [SagaFold], at now: Int64) -> SQL {
        let stamps = folds.map { PostgresTimestamp(milliseconds: $0.assumed?.changedAt ?? 0) }
        return """
            WITH written AS (
                UPDATE saga_instance SET \(sql: changes(at: PostgresTimestamp(milliseconds: now)))
                FROM unnest(\(sql: values(Columns(folds, at: now))), \(stamps)) AS next (\(sql: names), changed_before)
                WHERE saga_instance.id = next.id AND saga_instance.version = next.before
                    AND saga_instance.changed_at = next.changed_before
                RETURNING 1)
            SELECT CASE WHEN count(*) = \(Int64(folds.count)) THEN 0
                ELSE ('somebody else has written a saga since: as remembered are ' || count(*))::int END
            FROM written
            """
    }

    private static func changes(at now: PostgresTimestamp) -> SQL {
        """
        version = next.version, phase = next.phase, is_stuck = next.is_stuck, outcome = next.outcome,
        state = next.state, paused = coalesce(string_to_array(nullif(next.paused, ''), ','), '{}'),
        changed_at = \(now), ended_at = CASE WHEN next.is_over THEN coalesce(saga_instance.ended_at, \(now)) END,
        wake_at = nullif(next.wake, 'infinity')
        """
    }

    private static func values(_ columns: Columns) -> SQL {
        """
        \(columns.ids), \(columns.before), \(columns.versions), \(columns.phases), \(columns.stuck),
        \(columns.outcomes), \(columns.states), \(columns.over), \(columns.paused), \(columns.wakes)
        """
    }

    private static let names: SQL = "id, before, version, phase, is_stuck, outcome, state, is_over, paused, wake"

    /// Its primary key is the last guard: whoever decided on an older version would write a number that is taken.
    private static func enqueueHistory(_ folds: [SagaFold], in transaction: Transaction) throws {
        var sagas: [PostgresUUID] = []
        var numbers: [Int64] = []
        var times: [PostgresTimestamp] = []
        var causes: [PostgresUUID?] = []
        let count = folds.reduce(0) { $0 + $1.entries.count }
        var inputs = JSONColumn(countExpected: count)
        var actions = JSONColumn(countExpected: count)
        for fold in folds {
            for entry in fold.entries {
                sagas.append(PostgresUUID(fold.instance.id))
                numbers.append(entry.number)
                times.append(PostgresTimestamp(milliseconds: entry.input.milliseconds))
                causes.append(entry.cause.map { PostgresUUID(high: $0.high, low: $0.low) })
                inputs.append { entry.input.write(to: &$0) }
                actions.append { Action.write(entry.actions, to: &$0) }
            }
        }
        try transaction.enqueue(
            """
            INSERT INTO saga_history (saga, number, at, cause, input, actions)
            SELECT * FROM unnest(
                \(sagas), \(numbers), \(times), \(causes), \(inputs.texts), \(actions.texts))
            """)
    }

    /// Sagas that were looked at for timers in vain: they were called off.
    private static func enqueueWakes(_ folds: [SagaFold], at now: Int64, in transaction: Transaction) throws {
        if folds.isEmpty { return }
        let ids = folds.map { PostgresUUID($0.instance.id) }
        try transaction.enqueue(
            """
            UPDATE saga_instance SET wake_at = nullif(next.wake, 'infinity')
            FROM unnest(\(ids), \(wakes(folds, at: now))) AS next (id, wake) WHERE saga_instance.id = next.id
            """)
    }

    /// Infinity for never, as an array holds no NULL.
    private static func wakes(_ folds: [SagaFold], at now: Int64) -> [PostgresTimestamp] {
        folds.map { fold in fold.wake(at: now).map { PostgresTimestamp(milliseconds: $0) } ?? .infinity }
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
