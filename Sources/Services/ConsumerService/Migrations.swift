import Postgres

enum ConsumerMigrations {
    static let all = [
        Migration(
            1, "consumers and slots",
            [
                // Rules on one column are domains: a CHECK of a table is parsed anew by every statement that writes it, which
                // takes longer than the write.
                "CREATE DOMAIN entity_id AS text CHECK (length(VALUE) BETWEEN 1 AND 128)",
                "CREATE DOMAIN plan AS text CHECK (VALUE IN ('regular', 'subscriber'))",
                "CREATE DOMAIN slot_state AS text CHECK (VALUE IN ('TAKEN', 'FREE'))",
                """
                CREATE TABLE consumer (
                    id entity_id PRIMARY KEY,
                    plan plan NOT NULL,
                    is_active boolean NOT NULL,
                    changed_at timestamptz NOT NULL DEFAULT now()
                )
                """,
                """
                CREATE TABLE slot (
                    order_id text PRIMARY KEY,
                    consumer text NOT NULL,
                    day date NOT NULL,
                    state slot_state NOT NULL
                )
                """,
                "CREATE INDEX slot_of_day ON slot (consumer, day) WHERE state = 'TAKEN'",
            ])
    ]
}
