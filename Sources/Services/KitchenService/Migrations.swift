import Postgres

enum KitchenMigrations {
    static let all = [
        Migration(
            1, "menus, tickets and timers",
            [
                // Rules on one column are domains: a CHECK of a table is parsed anew by every statement that writes it, which
                // takes longer than the write. What several columns say together is the ticket's to keep.
                "CREATE DOMAIN entity_id AS text CHECK (length(VALUE) BETWEEN 1 AND 128)",
                "CREATE DOMAIN price AS bigint CHECK (VALUE > 0)",
                """
                CREATE DOMAIN ticket_state AS text CHECK (VALUE IN ('CREATE_PENDING', 'AWAITING_ACCEPTANCE', 'ACCEPTED',
                    'PREPARING', 'READY_FOR_PICKUP', 'PICKED_UP', 'CANCEL_PENDING', 'REVISION_PENDING', 'CANCELLED'))
                """,
                "CREATE DOMAIN ticket_move AS text CHECK (VALUE IN ('accept', 'prepare', 'finish', 'hand-over'))",
                """
                CREATE TABLE restaurant (
                    id entity_id PRIMARY KEY,
                    is_open boolean NOT NULL,
                    changed_at timestamptz NOT NULL DEFAULT now()
                )
                """,
                """
                CREATE TABLE menu_item (
                    restaurant text NOT NULL REFERENCES restaurant (id),
                    id entity_id NOT NULL,
                    name text NOT NULL,
                    price price NOT NULL,
                    PRIMARY KEY (restaurant, id)
                )
                """,
                """
                CREATE TABLE ticket (
                    order_id entity_id PRIMARY KEY,
                    id uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
                    restaurant text NOT NULL,
                    lines jsonb NOT NULL,
                    total price NOT NULL,
                    revised_lines jsonb,
                    revised_total price,
                    state ticket_state NOT NULL,
                    remembered ticket_state,
                    changed_at timestamptz NOT NULL DEFAULT now()
                ) WITH (fillfactor = 80)
                """,
                """
                CREATE TABLE ticket_timer (
                    order_id entity_id PRIMARY KEY,
                    move ticket_move NOT NULL,
                    due timestamptz NOT NULL
                ) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000)
                """,
                "CREATE INDEX ticket_timer_due ON ticket_timer (due)",
            ])
    ]
}
