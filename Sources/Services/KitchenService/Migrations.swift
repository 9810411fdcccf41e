import Postgres

enum KitchenMigrations {
    static let all = [
        Migration(
            1, "menus, tickets and timers",
            [
                """
                CREATE TABLE restaurant (
                    id text PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 128),
                    is_open boolean NOT NULL,
                    changed_at timestamptz NOT NULL DEFAULT now()
                )
                """,
                """
                CREATE TABLE menu_item (
                    restaurant text NOT NULL REFERENCES restaurant (id),
                    id text NOT NULL CHECK (length(id) BETWEEN 1 AND 128),
                    name text NOT NULL,
                    price bigint NOT NULL CHECK (price > 0),
                    PRIMARY KEY (restaurant, id)
                )
                """,
                """
                CREATE TABLE ticket (
                    order_id text PRIMARY KEY CHECK (length(order_id) BETWEEN 1 AND 128),
                    id uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
                    restaurant text NOT NULL,
                    lines jsonb NOT NULL,
                    total bigint NOT NULL CHECK (total > 0),
                    revised_lines jsonb,
                    revised_total bigint CHECK (revised_total > 0),
                    state text NOT NULL CHECK (state IN ('CREATE_PENDING', 'AWAITING_ACCEPTANCE', 'ACCEPTED',
                        'PREPARING', 'READY_FOR_PICKUP', 'PICKED_UP', 'CANCEL_PENDING', 'REVISION_PENDING',
                        'CANCELLED')),
                    remembered text,
                    changed_at timestamptz NOT NULL DEFAULT now(),
                    CHECK ((state IN ('CANCEL_PENDING', 'REVISION_PENDING')) = (remembered IS NOT NULL)),
                    CHECK ((state = 'REVISION_PENDING') = (revised_lines IS NOT NULL)),
                    CHECK ((state = 'REVISION_PENDING') = (revised_total IS NOT NULL))
                ) WITH (fillfactor = 80)
                """,
                """
                CREATE TABLE ticket_timer (
                    order_id text PRIMARY KEY,
                    move text NOT NULL CHECK (move IN ('accept', 'prepare', 'finish', 'hand-over')),
                    due timestamptz NOT NULL
                )
                """,
                "CREATE INDEX ticket_timer_due ON ticket_timer (due)",
            ])
    ]
}
