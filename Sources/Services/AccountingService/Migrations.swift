import Postgres

enum AccountingMigrations {
    static let all = [
        Migration(
            1, "cards, authorisations and the ledger",
            [
                """
                CREATE TABLE account (
                    consumer text PRIMARY KEY CHECK (length(consumer) BETWEEN 1 AND 128),
                    card_token text NOT NULL CHECK (card_token ~ '^tok_[A-Za-z0-9_-]{8,124}$'
                        AND card_token !~ '[0-9]{13}'),
                    card_limit bigint NOT NULL CHECK (card_limit >= 0),
                    expires_at timestamptz NOT NULL,
                    is_enabled boolean NOT NULL,
                    held bigint NOT NULL DEFAULT 0 CHECK (held >= 0)
                ) WITH (fillfactor = 80)
                """,
                """
                CREATE TABLE authorization_hold (
                    order_id text PRIMARY KEY CHECK (length(order_id) BETWEEN 1 AND 128),
                    id uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
                    consumer text NOT NULL REFERENCES account (consumer),
                    state text NOT NULL CHECK (state IN ('AUTHORIZED', 'REVERSED')),
                    amount bigint NOT NULL CHECK (amount >= 0),
                    amount_before bigint CHECK (amount_before >= 0),
                    authorized_at timestamptz NOT NULL DEFAULT now(),
                    changed_at timestamptz NOT NULL DEFAULT now(),
                    CHECK (state = 'AUTHORIZED' OR amount = 0)
                ) WITH (fillfactor = 80)
                """,
                // Every row takes from one account what it gives to another, so the books cannot fail to balance.
                """
                CREATE TABLE ledger (
                    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                    order_id text NOT NULL,
                    message uuid NOT NULL UNIQUE,
                    debit text NOT NULL,
                    credit text NOT NULL CHECK (credit <> debit),
                    amount bigint NOT NULL CHECK (amount > 0),
                    booked_at timestamptz NOT NULL DEFAULT now()
                )
                """,
                "CREATE INDEX ledger_order ON ledger (order_id)",
            ])
    ]
}
