import Postgres

enum ConsumerMigrations {
    static let all = [
        Migration(
            1, "consumers and slots",
            [
                """
                CREATE TABLE consumer (
                    id text PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 128),
                    plan text NOT NULL CHECK (plan IN ('regular', 'subscriber')),
                    is_active boolean NOT NULL,
                    changed_at timestamptz NOT NULL DEFAULT now()
                )
                """,
                """
                CREATE TABLE slot (
                    order_id text PRIMARY KEY,
                    consumer text NOT NULL,
                    day date NOT NULL,
                    state text NOT NULL CHECK (state IN ('TAKEN', 'FREE'))
                )
                """,
                "CREATE INDEX slot_of_day ON slot (consumer, day) WHERE state = 'TAKEN'",
            ])
    ]
}
