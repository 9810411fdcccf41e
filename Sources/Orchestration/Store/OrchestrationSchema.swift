package import Postgres

/// The orchestrator's own tables, beside those of every participant.
///
/// What changes with every message (`saga_instance`) has no index on a column that does, so that its updates stay on their
/// page; history is only ever added to. There is no foreign key from history to the instance: it is written in the
/// transaction that holds the instance's lock.
package enum OrchestrationSchema {
    package static let set = "orchestrator"

    package static let migrations: [Migration] = [
        Migration(1, "definitions, instances and history", tables),
        Migration(2, "events that come too early", earlyEvents),
    ]

    /// Awaited events, for a while: a saga that begins to wait only after its event finds it here.
    private static let earlyEvents: [SQL] = [
        """
        CREATE TABLE saga_event_early (
            event text NOT NULL,
            field text NOT NULL,
            value text NOT NULL,
            id uuid NOT NULL,
            payload text NOT NULL,
            at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (event, field, value, id)
        )
        """,
        "CREATE INDEX saga_event_early_at ON saga_event_early (at)",
    ]

    /// Rules on one column of the tables that every message writes are domains: a CHECK of a table is parsed anew by every
    /// statement, which takes longer than writing a row. What several columns say together is the model's to keep.
    private static let tables: [SQL] = [
        "CREATE DOMAIN saga_number AS bigint CHECK (VALUE > 0)",
        """
        CREATE DOMAIN saga_phase AS text
            CHECK (VALUE IN ('running', 'settling', 'compensating', 'finished', 'aborted'))
        """,
        """
        CREATE TABLE saga_definition (
            hash text PRIMARY KEY CHECK (hash ~ '^[0-9a-f]{64}$'),
            name text NOT NULL,
            version integer NOT NULL CHECK (version > 0),
            canonical text NOT NULL,
            participants text[] NOT NULL,
            retention interval,
            registered_at timestamptz NOT NULL DEFAULT now(),
            UNIQUE (name, version)
        )
        """,
        // Outlives the instance: a saga of one key never runs twice.
        """
        CREATE TABLE saga_key (
            name text NOT NULL,
            key text NOT NULL,
            saga uuid NOT NULL,
            PRIMARY KEY (name, key)
        )
        """,
        """
        CREATE TABLE saga_instance (
            id uuid PRIMARY KEY,
            definition text NOT NULL,
            name text NOT NULL,
            key text NOT NULL,
            version saga_number NOT NULL,
            phase saga_phase NOT NULL,
            is_stuck boolean NOT NULL,
            outcome text,
            state text NOT NULL,
            search jsonb NOT NULL,
            traceparent text,
            paused text[] NOT NULL DEFAULT '{}',
            started_at timestamptz NOT NULL,
            changed_at timestamptz NOT NULL,
            ended_at timestamptz,
            wake_at timestamptz
        ) WITH (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.05)
        """,
        "CREATE INDEX saga_instance_open ON saga_instance (id) WHERE ended_at IS NULL",
        "CREATE INDEX saga_instance_key ON saga_instance (key)",
        // When to look for timers, at the latest: set where one is to fire before, and not touched where one is called off, as
        // nearly all are. The timers themselves are part of the state.
        "CREATE INDEX saga_instance_wake ON saga_instance (wake_at) WHERE ended_at IS NULL",
        """
        CREATE TABLE saga_history (
            saga uuid NOT NULL,
            number saga_number NOT NULL,
            at timestamptz NOT NULL,
            cause uuid,
            input text NOT NULL,
            actions text NOT NULL,
            PRIMARY KEY (saga, number)
        )
        """,
        // Which running sagas wait, now or later, for an event that says this of one of its fields.
        """
        CREATE TABLE saga_wait (
            event text NOT NULL,
            field text NOT NULL,
            value text NOT NULL,
            saga uuid NOT NULL,
            PRIMARY KEY (event, field, value, saga)
        )
        """,
        "CREATE INDEX saga_wait_saga ON saga_wait (saga)",
        """
        CREATE TABLE saga_pause (
            participant text PRIMARY KEY,
            reason text NOT NULL,
            who text NOT NULL,
            since timestamptz NOT NULL DEFAULT now()
        )
        """,
    ]
}
