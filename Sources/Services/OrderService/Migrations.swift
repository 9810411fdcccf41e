import Postgres

enum OrderMigrations {
    static let all = [
        Migration(
            1, "orders",
            [
                """
                CREATE TABLE orders (
                    id text PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 128),
                    consumer text NOT NULL,
                    restaurant text NOT NULL,
                    lines jsonb NOT NULL,
                    state text NOT NULL CHECK (state IN ('APPROVAL_PENDING', 'APPROVED', 'REJECTED', 'CANCEL_PENDING',
                        'CANCELLED', 'REVISION_PENDING')),
                    remembered text,
                    total bigint CHECK (total >= 0),
                    reason text,
                    placed_at timestamptz NOT NULL DEFAULT now(),
                    changed_at timestamptz NOT NULL DEFAULT now(),
                    CHECK ((state IN ('CANCEL_PENDING', 'REVISION_PENDING')) = (remembered IS NOT NULL)),
                    CHECK (total IS NOT NULL OR state IN ('APPROVAL_PENDING', 'REJECTED'))
                ) WITH (fillfactor = 80)
                """
            ])
    ]
}
