import Postgres

enum OrderMigrations {
    static let all = [
        Migration(
            1, "orders",
            [
                // Rules on one column are domains: a CHECK of a table is parsed anew by every statement that writes it, which
                // takes longer than the write. What several columns say together is the order's to keep.
                "CREATE DOMAIN entity_id AS text CHECK (length(VALUE) BETWEEN 1 AND 128)",
                "CREATE DOMAIN amount AS bigint CHECK (VALUE >= 0)",
                """
                CREATE DOMAIN order_state AS text CHECK (VALUE IN ('APPROVAL_PENDING', 'APPROVED', 'REJECTED',
                    'CANCEL_PENDING', 'CANCELLED', 'REVISION_PENDING'))
                """,
                """
                CREATE TABLE orders (
                    id entity_id PRIMARY KEY,
                    consumer text NOT NULL,
                    restaurant text NOT NULL,
                    lines jsonb NOT NULL,
                    state order_state NOT NULL,
                    remembered order_state,
                    total amount,
                    reason text,
                    placed_at timestamptz NOT NULL DEFAULT now(),
                    changed_at timestamptz NOT NULL DEFAULT now()
                ) WITH (fillfactor = 80)
                """,
            ])
    ]
}
