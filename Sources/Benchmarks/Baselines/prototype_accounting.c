#include "prototype_service.h"

enum { locked_consumers = role_columns, hold_orders, hold_ids, hold_consumers, hold_messages, hold_amounts };

/* The accounts of those that the generator orders for. */
static const char schema[] =
    "CREATE TABLE account (consumer text PRIMARY KEY, card_token text NOT NULL, card_limit bigint NOT NULL,"
    "  expires_at timestamptz NOT NULL, is_enabled boolean NOT NULL, held bigint NOT NULL DEFAULT 0)"
    "  WITH (fillfactor = 80);"
    "CREATE TABLE authorization_hold (order_id text PRIMARY KEY, id uuid NOT NULL UNIQUE, consumer text NOT NULL,"
    "  state text NOT NULL, amount bigint NOT NULL, authorized_at timestamptz NOT NULL DEFAULT now(),"
    "  changed_at timestamptz NOT NULL DEFAULT now()) WITH (fillfactor = 80);"
    "CREATE TABLE ledger (number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, order_id text NOT NULL,"
    "  message uuid NOT NULL UNIQUE, debit text NOT NULL, credit text NOT NULL, amount bigint NOT NULL,"
    "  booked_at timestamptz NOT NULL DEFAULT now());"
    "CREATE INDEX ledger_order ON ledger (order_id);"
    "INSERT INTO account SELECT 'consumer-' || number, 'tok_card_of_consumer-' || number, 1000000000000,"
    "  now() + interval '1 year', true FROM generate_series(0, 999) AS number";

static const struct statement statements[] = {
    {"lock",
     "SELECT consumer, card_limit - held, is_enabled AND expires_at > now() FROM account "
     "WHERE consumer = ANY ($1::text[]) ORDER BY consumer FOR NO KEY UPDATE"},
    {"hold",
     "INSERT INTO authorization_hold (order_id, id, consumer, state, amount) "
     "SELECT order_id, id, consumer, 'AUTHORIZED', amount "
     "FROM unnest($1::text[], $2::uuid[], $3::text[], $4::uuid[], $5::bigint[]) "
     "AS hold (order_id, id, consumer, message, amount)"},
    {"book",
     "INSERT INTO ledger (order_id, message, debit, credit, amount) "
     "SELECT order_id, message, 'consumer:' || consumer, 'holding', amount "
     "FROM unnest($1::text[], $2::uuid[], $3::text[], $4::uuid[], $5::bigint[]) "
     "AS hold (order_id, id, consumer, message, amount)"},
    {"charge",
     "UPDATE account SET held = held + next.amount "
     "FROM (SELECT consumer, sum(amount)::bigint FROM "
     "  unnest($1::text[], $2::uuid[], $3::text[], $4::uuid[], $5::bigint[]) "
     "  AS hold (order_id, id, consumer, message, amount) GROUP BY consumer) AS next (consumer, amount) "
     "WHERE account.consumer = next.consumer"},
    {NULL, NULL},
};

/* What earlier orders of the batch hold is not left for later ones. */
static bool on_locked(void *context, const PGresult *result, struct bench_failure *failure) {
  (void)failure;
  struct service *service = context;
  for (int row = 0; row < PQntuples(result); row++) {
    struct text consumer = row_text(result, row, 0);
    int64_t left = row_number(result, row, 1);
    for (size_t place = 0; place < service->member_count; place++) {
      struct delivery *member = service->members[place];
      if (text_equals(member->key, consumer)) {
        member->number = number_after(member->body, "\"total\":");
        member->is_found = row_bool(result, row, 2) && member->number > 0 && member->number <= left;
        left -= member->is_found ? member->number : 0;
      }
    }
  }
  return true;
}

static bool read(struct service *service, struct bench_failure *failure) {
  return service_add_keys(service, authorize_card, "\"consumerId\":\"", locked_consumers, failure) &&
         service_put(service, "lock", locked_consumers, 1, on_locked, failure);
}

static bool decide(struct service *service, struct delivery *delivery, struct bench_failure *failure) {
  if (delivery->kind != authorize_card || !delivery->is_found) {
    return fail(failure, "the card of %.*s is declined", (int)delivery->key.size, delivery->key.bytes);
  }
  struct column *columns = service->columns;
  char hold[id_text_size];
  id_make(delivery->own_id);
  id_write(hold, delivery->own_id);
  struct text body = room_print(&service->room, "{\"authorizationId\":\"%.*s\"}", id_text_size, hold);
  return column_add_text(&columns[hold_orders], text_after(delivery->body, "\"orderId\":\"", '"'), failure) &&
         column_add(&columns[hold_ids], delivery->own_id, id_size, failure) &&
         column_add_text(&columns[hold_consumers], delivery->key, failure) &&
         column_add(&columns[hold_messages], delivery->id, id_size, failure) &&
         column_add_number(&columns[hold_amounts], delivery->number, failure) &&
         service_send(service, card_authorized, delivery, delivery->saga, body, NULL, failure);
}

static bool write(struct service *service, struct bench_failure *failure) {
  return service_put(service, "hold", hold_orders, 5, NULL, failure) &&
         service_put(service, "book", hold_orders, 5, NULL, failure) &&
         service_put(service, "charge", hold_orders, 5, NULL, failure);
}

const struct role accounting_role = {
    .name = "accounting",
    .queues = {"accounting.commands"},
    .queue_count = 1,
    .schema = schema,
    .statements = statements,
    .column_types = {text_type, text_type, uuid_type, text_type, uuid_type, number_type},
    .read = read,
    .decide = decide,
    .write = write,
};
