import Postgres

enum AccountingMigrations {
    static let all = [
        Migration(
            1, "cards, authorisations and the ledger",
            [
                // Rules on one column are domains: a CHECK of a table is parsed anew by every statement that writes it, which
                // takes longer than the write. What several columns say together is the authorisation's to keep.
                "CREATE DOMAIN entity_id AS text CHECK (length(VALUE) BETWEEN 1 AND 128)",
                "CREATE DOMAIN amount AS bigint CHECK (VALUE >= 0)",
                "CREATE DOMAIN booked_amount AS bigint CHECK (VALUE > 0)",
                """
                CREATE DOMAIN card_token AS text
                    CHECK (VALUE ~ '^tok_[A-Za-z0-9_-]{8,124}$' AND VALUE !~ '[0-9]{13}')
                """,
                "CREATE DOMAIN hold_state AS text CHECK (VALUE IN ('AUTHORIZED', 'REVERSED'))",
                """
                CREATE TABLE account (
                    consumer entity_id PRIMARY KEY,
                    card_token card_token NOT NULL,
                    card_limit amount NOT NULL,
                    expires_at timestamptz NOT NULL,
                    is_enabled boolean NOT NULL,
                    held amount NOT NULL DEFAULT 0
                ) WITH (fillfactor = 80)
                """,
                """
                CREATE TABLE authorization_hold (
                    order_id entity_id PRIMARY KEY,
                    id uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
                    consumer entity_id NOT NULL REFERENCES account (consumer),
                    state hold_state NOT NULL,
                    amount amount NOT NULL,
                    amount_before amount,
                    authorized_at timestamptz NOT NULL DEFAULT now(),
                    changed_at timestamptz NOT NULL DEFAULT now()
                ) WITH (fillfactor = 80)
                """,
                // Every row takes from one account what it gives to another, so the books cannot fail to balance.
                """
                CREATE TABLE ledger (
                    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                    order_id text NOT NULL,
                    message uuid NOT NULL UNIQUE,
                    debit text NOT NULL,
                    credit text NOT NULL,
                    amount booked_amount NOT NULL,
                    booked_at timestamptz NOT NULL DEFAULT now()
                )
                """,
                "CREATE INDEX ledger_order ON ledger (order_id)",
            ])
    ]
}
