public import Postgres

/// The tables every participant has, in the schema `skald` of its database.
///
/// The role that owns the database applies them (`PostgresPool.migrate(ParticipantSchema.set, ParticipantSchema.migrations)`);
/// the role the service runs as gets what it needs and no right to create. By convention that role is named as the database.
public enum ParticipantSchema {
    public static let set = "participant"

    public static let migrations: [Migration] = [
        Migration(1, "inbox, replies, fence and outbox", tables),
        Migration(2, "partition keeping", partitionKeeping),
        Migration(3, "rights", [rights]),
        Migration(4, "suspects", suspects),
    ]

    /// One row for each message that is run alone because it may kill its process, from before it begins until it has ended.
    private static let suspects: [SQL] = [
        """
        CREATE TABLE skald.suspect (
            id uuid PRIMARY KEY,
            epoch bigint NOT NULL,
            death_count integer NOT NULL DEFAULT 0 CHECK (death_count >= 0),
            begun_at timestamptz NOT NULL DEFAULT now()
        )
        """,
        """
        DO $$ BEGIN
            IF EXISTS (SELECT FROM pg_roles WHERE rolname = current_database()) THEN
                EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON skald.suspect TO %I', current_database());
            END IF;
        END $$
        """,
    ]

    /// Rules on the columns of tables that every run writes are domains: a CHECK of a table is parsed anew by every statement,
    /// which takes longer than writing a row.
    private static let tables: [SQL] = [
        "CREATE SCHEMA skald",
        """
        CREATE DOMAIN skald.fence_state AS text
            CHECK (VALUE IN ('new', 'done', 'refused', 'undone', 'fenced'))
        """,
        "CREATE DOMAIN skald.epoch AS bigint CHECK (VALUE > 0)",
        "CREATE DOMAIN skald.message_body AS text CHECK (octet_length(VALUE) <= 1048576)",
        """
        CREATE TABLE skald.inbox (
            id uuid PRIMARY KEY,
            type text NOT NULL,
            saga text,
            handled_at timestamptz NOT NULL DEFAULT now()
        ) PARTITION BY RANGE (id)
        """,
        "CREATE TABLE skald.inbox_default PARTITION OF skald.inbox DEFAULT",
        """
        CREATE TABLE skald.reply (
            command_id uuid PRIMARY KEY,
            id uuid NOT NULL,
            routing_key text NOT NULL,
            envelope text NOT NULL,
            body text NOT NULL
        ) PARTITION BY RANGE (command_id)
        """,
        "CREATE TABLE skald.reply_default PARTITION OF skald.reply DEFAULT",
        """
        CREATE TABLE skald.fence (
            saga text NOT NULL,
            step text NOT NULL,
            state skald.fence_state NOT NULL,
            changed_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (saga, step)
        ) WITH (fillfactor = 80)
        """,
        """
        CREATE TABLE skald.outbox (
            id uuid PRIMARY KEY,
            owner skald.epoch NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            exchange text NOT NULL,
            routing_key text NOT NULL,
            envelope text NOT NULL,
            body skald.message_body NOT NULL
        ) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000)
        """,
        """
        CREATE TABLE skald.process (
            epoch bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            instance text NOT NULL,
            started_at timestamptz NOT NULL DEFAULT now(),
            lease_until timestamptz NOT NULL
        )
        """,
        """
        CREATE TABLE skald.operator_action (
            id uuid PRIMARY KEY,
            name text NOT NULL,
            target text NOT NULL,
            who text NOT NULL,
            reason text NOT NULL,
            result text,
            begun_at timestamptz NOT NULL DEFAULT now(),
            ended_at timestamptz CHECK ((ended_at IS NULL) = (result IS NULL))
        )
        """,
        """
        CREATE TABLE skald.pause (
            scope text PRIMARY KEY,
            reason text NOT NULL,
            who text NOT NULL,
            since timestamptz NOT NULL DEFAULT now()
        )
        """,
    ]

    /// Partitions of a day each, by the time inside the ids. The function runs as the owner, because dropping a partition
    /// is a right the service must not have.
    private static let partitionKeeping: [SQL] = [
        """
        CREATE FUNCTION skald.first_id(moment timestamptz) RETURNS uuid
        LANGUAGE sql IMMUTABLE STRICT AS $$
            SELECT (substr(digits, 1, 8) || '-' || substr(digits, 9, 4) || '-0000-0000-000000000000')::uuid
            FROM (SELECT lpad(to_hex((extract(epoch FROM moment) * 1000)::bigint), 12, '0') AS digits) AS time
        $$
        """,
        """
        CREATE FUNCTION skald.keep_partitions(days_ahead integer, retention interval) RETURNS void
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
        DECLARE
            parent text;
            day timestamptz;
            name text;
        BEGIN
            -- One at a time: processes that start together want the same partitions.
            PERFORM pg_advisory_xact_lock(hashtextextended('skald.keep_partitions', 0));
            IF retention < interval '1 day' THEN RAISE EXCEPTION 'a retention of % is too short', retention; END IF;
            FOREACH parent IN ARRAY ARRAY['inbox', 'reply'] LOOP
                FOR ahead IN 0 .. least(days_ahead, 366) LOOP
                    day := date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' + make_interval(days => ahead);
                    name := parent || '_' || to_char(day AT TIME ZONE 'UTC', 'YYYYMMDD');
                    CONTINUE WHEN to_regclass('skald.' || name) IS NOT NULL;
                    BEGIN
                        EXECUTE format(
                            'CREATE TABLE skald.%I PARTITION OF skald.%I FOR VALUES FROM (%L) TO (%L)', name, parent,
                            skald.first_id(day), skald.first_id(day + interval '1 day'));
                    EXCEPTION WHEN check_violation THEN
                        -- Ids of that day came before their partition; they stay where they are.
                        RAISE NOTICE 'no partition %: the default partition holds ids of that day', name;
                    END;
                END LOOP;
                FOR name IN
                    SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
                    WHERE inhparent = ('skald.' || parent)::regclass AND relname ~ '_[0-9]{8}$'
                        AND to_date(right(relname, 8), 'YYYYMMDD') + 1 <= (now() AT TIME ZONE 'UTC' - retention)::date
                LOOP
                    EXECUTE format('DROP TABLE skald.%I', name);
                END LOOP;
            END LOOP;
            DELETE FROM skald.inbox_default WHERE id < skald.first_id(now() - retention);
            DELETE FROM skald.reply_default WHERE command_id < skald.first_id(now() - retention);
        END
        $$
        """,
    ]

    private static let rights: SQL = """
        DO $$
        DECLARE
            runtime text := current_database();
        BEGIN
            REVOKE ALL ON FUNCTION skald.keep_partitions(integer, interval) FROM PUBLIC;
            IF EXISTS (SELECT FROM pg_roles WHERE rolname = runtime) THEN
                EXECUTE format('GRANT USAGE ON SCHEMA skald TO %I', runtime);
                EXECUTE format('GRANT SELECT, INSERT ON skald.inbox, skald.reply TO %I', runtime);
                EXECUTE format('GRANT SELECT, INSERT, UPDATE ON skald.fence, skald.operator_action TO %I', runtime);
                EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON skald.outbox, skald.process, skald.pause TO %I', runtime);
                EXECUTE format('GRANT EXECUTE ON FUNCTION skald.keep_partitions(integer, interval) TO %I', runtime);
                EXECUTE format('GRANT SELECT ON public.skald_migration TO %I', runtime);
            END IF;
            IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'skald_reader') THEN
                GRANT USAGE ON SCHEMA skald TO skald_reader;
                GRANT SELECT ON ALL TABLES IN SCHEMA skald TO skald_reader;
                ALTER DEFAULT PRIVILEGES IN SCHEMA skald GRANT SELECT ON TABLES TO skald_reader;
            END IF;
        END
        $$
        """
}
