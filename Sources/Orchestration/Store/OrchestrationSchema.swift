package import Postgres

/// The orchestrator's own tables, beside those of every participant.
///
/// What changes with every message (`saga_instance`) has no index on a column that does, so that its updates stay on their
/// page; history is only ever added to. There is no foreign key from history or timers to the instance: both are written in
/// the transaction that holds the instance's lock.
package enum OrchestrationSchema {
    package static let set = "orchestrator"

    package static let migrations: [Migration] = [
        Migration(1, "definitions, instances, history and timers", tables)
    ]

    private static let tables: [SQL] = [
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
            version bigint NOT NULL CHECK (version > 0),
            phase text NOT NULL CHECK (phase IN ('running', 'settling', 'compensating', 'finished', 'aborted')),
            is_stuck boolean NOT NULL,
            outcome text,
            state text NOT NULL,
            search jsonb NOT NULL,
            traceparent text,
            paused text[] NOT NULL DEFAULT '{}',
            started_at timestamptz NOT NULL,
            changed_at timestamptz NOT NULL,
            ended_at timestamptz,
            CHECK ((phase = 'finished') = (outcome IS NOT NULL)),
            CHECK ((phase IN ('finished', 'aborted')) = (ended_at IS NOT NULL)),
            CHECK (NOT is_stuck OR ended_at IS NULL)
        ) WITH (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.05)
        """,
        "CREATE INDEX saga_instance_open ON saga_instance (id) WHERE ended_at IS NULL",
        "CREATE INDEX saga_instance_key ON saga_instance (key)",
        """
        CREATE TABLE saga_history (
            saga uuid NOT NULL,
            number bigint NOT NULL CHECK (number > 0),
            at timestamptz NOT NULL,
            cause uuid,
            input text NOT NULL,
            actions text NOT NULL,
            PRIMARY KEY (saga, number)
        )
        """,
        """
        CREATE TABLE saga_timer (
            saga uuid NOT NULL,
            step text NOT NULL,
            direction text NOT NULL CHECK (direction IN ('do', 'undo')),
            try integer NOT NULL CHECK (try >= 0),
            due timestamptz NOT NULL,
            PRIMARY KEY (saga, step, direction, try)
        ) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000)
        """,
        "CREATE INDEX saga_timer_due ON saga_timer (due)",
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
