#include "prototype_service.h"

enum { locked_consumers = role_columns, slot_orders, slot_consumers };

/* Those that the generator orders for; all are subscribers, who may order as often as they like. */
static const char schema[] =
    "CREATE TABLE consumer (id text PRIMARY KEY, plan text NOT NULL, is_active boolean NOT NULL,"
    "  changed_at timestamptz NOT NULL DEFAULT now());"
    "CREATE TABLE slot (order_id text PRIMARY KEY, consumer text NOT NULL, day date NOT NULL, state text NOT NULL);"
    "CREATE INDEX slot_of_day ON slot (consumer, day) WHERE state = 'TAKEN';"
    "INSERT INTO consumer SELECT 'consumer-' || number, 'subscriber', true FROM generate_series(0, 999) AS number";

static const struct statement statements[] = {
    {"lock",
     "SELECT id, is_active, CASE WHEN plan = 'regular' THEN (SELECT count(*) FROM slot"
     "  WHERE slot.consumer = consumer.id AND day = (now() AT TIME ZONE 'UTC')::date AND state = 'TAKEN') ELSE -1 END "
     "FROM consumer WHERE id = ANY ($1::text[]) ORDER BY id FOR NO KEY UPDATE OF consumer"},
    {"take",
     "INSERT INTO slot (order_id, consumer, day, state) "
     "SELECT order_id, consumer, (now() AT TIME ZONE 'UTC')::date, 'TAKEN' "
     "FROM unnest($1::text[], $2::text[]) AS taken (order_id, consumer)"},
    {NULL, NULL},
};

enum { orders_a_day_max = 5, quantity_max = 10 };

/* Orders of one consumer in a batch count one after the other. */
static bool on_locked(void *context, const PGresult *result, struct bench_failure *failure) {
  (void)failure;
  struct service *service = context;
  for (int row = 0; row < PQntuples(result); row++) {
    struct text consumer = row_text(result, row, 0);
    int64_t taken_count = row_number(result, row, 2);
    for (size_t place = 0; place < service->member_count; place++) {
      struct delivery *member = service->members[place];
      if (text_equals(member->key, consumer)) {
        member->is_found = row_bool(result, row, 1) && taken_count < orders_a_day_max;
        taken_count += taken_count >= 0 ? 1 : 0;
      }
    }
  }
  return true;
}

static bool read(struct service *service, struct bench_failure *failure) {
  return service_add_keys(service, verify_consumer, "\"consumerId\":\"", locked_consumers, failure) &&
         service_put(service, "lock", locked_consumers, 1, on_locked, failure);
}

static bool has_sensible_lines(struct text body) {
  struct text lines = text_after(body, "\"lines\":[", ']');
  while (lines.size > 0) {
    struct text item = text_after(lines, "{", '}');
    if (item.size == 0 || number_after(item, "\"quantity\":") > quantity_max) {
      return false;
    }
    lines.size -= (size_t)(item.bytes + item.size + 1 - lines.bytes);
    lines.bytes = item.bytes + item.size + 1;
  }
  return true;
}

static bool decide(struct service *service, struct delivery *delivery, struct bench_failure *failure) {
  if (delivery->kind != verify_consumer || !delivery->is_found || !has_sensible_lines(delivery->body)) {
    return fail(failure, "consumer %.*s may not order", (int)delivery->key.size, delivery->key.bytes);
  }
  return column_add_text(&service->columns[slot_orders], text_after(delivery->body, "\"orderId\":\"", '"'), failure) &&
         column_add_text(&service->columns[slot_consumers], delivery->key, failure) &&
         service_send(service, consumer_verified, delivery, delivery->saga, text_of("{}"), NULL, failure);
}

static bool write(struct service *service, struct bench_failure *failure) {
  return service_put(service, "take", slot_orders, 2, NULL, failure);
}

const struct role consumer_role = {
    .name = "consumer",
    .queues = {"consumer.commands"},
    .queue_count = 1,
    .schema = schema,
    .statements = statements,
    .column_types = {text_type, text_type, text_type},
    .read = read,
    .decide = decide,
    .write = write,
};
