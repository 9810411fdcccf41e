#include <string.h>

#include "prototype_service.h"

enum {
  placed_ids = role_columns,
  placed_consumers,
  placed_restaurants,
  placed_lines,
  locked_ids,
  approved_ids,
  approved_totals,
};

static const char schema[] =
    "CREATE TABLE orders (id text PRIMARY KEY, consumer text NOT NULL, restaurant text NOT NULL, lines text NOT NULL,"
    "  state text NOT NULL, total bigint, placed_at timestamptz NOT NULL DEFAULT now(),"
    "  changed_at timestamptz NOT NULL DEFAULT now()) WITH (fillfactor = 80)";

static const struct statement statements[] = {
    {"place",
     "INSERT INTO orders (id, consumer, restaurant, lines, state) "
     "SELECT id, consumer, restaurant, lines, 'APPROVAL_PENDING' "
     "FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS placed (id, consumer, restaurant, lines) "
     "ON CONFLICT DO NOTHING RETURNING id"},
    {"place_new",
     "INSERT INTO orders (id, consumer, restaurant, lines, state) "
     "SELECT id, consumer, restaurant, lines, 'APPROVAL_PENDING' "
     "FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS placed (id, consumer, restaurant, lines)"},
    {"lock", "SELECT id, state, consumer FROM orders WHERE id = ANY ($1::text[]) ORDER BY id FOR UPDATE"},
    {"approve",
     "UPDATE orders SET state = 'APPROVED', total = next.total, changed_at = now() "
     "FROM unnest($1::text[], $2::bigint[]) AS next (id, total) WHERE orders.id = next.id"},
    {NULL, NULL},
};

static struct text lines_of(const struct delivery *delivery) { return text_after(delivery->body, "\"lines\":[", ']'); }

static bool add_placed(struct service *service, struct bench_failure *failure) {
  for (size_t place = 0; place < service->member_count; place++) {
    const struct delivery *member = service->members[place];
    if (member->kind != place_order) {
      continue;
    }
    struct column *columns = service->columns;
    if (!column_add_text(&columns[placed_consumers], text_after(member->body, "\"consumerId\":\"", '"'), failure) ||
        !column_add_text(&columns[placed_restaurants], text_after(member->body, "\"restaurantId\":\"", '"'), failure) ||
        !column_add_text(&columns[placed_lines], lines_of(member), failure)) {
      return false;
    }
  }
  return true;
}

static struct delivery *find(struct service *service, enum message_kind kind, struct text key) {
  for (size_t place = 0; place < service->member_count; place++) {
    struct delivery *member = service->members[place];
    if (member->kind == kind && !member->is_found && text_equals(member->key, key)) {
      return member;
    }
  }
  return NULL;
}

/* Nobody had placed an order of this id. */
static bool on_placed(void *context, const PGresult *result, struct bench_failure *failure) {
  for (int row = 0; row < PQntuples(result); row++) {
    struct delivery *member = find(context, place_order, row_text(result, row, 0));
    if (member == NULL) {
      return fail(failure, "an order was placed that is not in the batch");
    }
    member->is_found = true;
  }
  return true;
}

static bool on_locked(void *context, const PGresult *result, struct bench_failure *failure) {
  for (int row = 0; row < PQntuples(result); row++) {
    struct delivery *member = find(context, approve_order, row_text(result, row, 0));
    struct text consumer = row_text(result, row, 2);
    if (member == NULL || consumer.size >= sizeof member->row) {
      return fail(failure, "an order was locked that is not in the batch");
    }
    member->is_found = text_equals(row_text(result, row, 1), text_of("APPROVAL_PENDING"));
    memcpy(member->row, consumer.bytes, consumer.size);
    member->row[consumer.size] = 0;
  }
  return true;
}

static bool read(struct service *service, struct bench_failure *failure) {
  return service_add_keys(service, place_order, "\"orderId\":\"", placed_ids, failure) &&
         add_placed(service, failure) &&
         service_add_keys(service, approve_order, "\"orderId\":\"", locked_ids, failure) &&
         (service->is_guess || (service_put(service, "place", placed_ids, 4, on_placed, failure) &&
                                service_put(service, "lock", locked_ids, 1, on_locked, failure)));
}

/* An order is placed once, as a rule. */
static bool guess(struct service *service, struct delivery *delivery) {
  (void)service;
  delivery->is_found = delivery->kind == place_order;
  return delivery->is_found;
}

/* An order that exists already is told of no second time. */
static bool decide_place(struct service *service, struct delivery *delivery, struct bench_failure *failure) {
  if (!delivery->is_found) {
    return true;
  }
  struct text nothing = {.bytes = NULL};
  return service_send(service, order_created, delivery, nothing, delivery->body, NULL, failure);
}

static bool decide_approve(struct service *service, struct delivery *delivery, struct bench_failure *failure) {
  if (!delivery->is_found) {
    return fail(failure, "order %.*s is not pending", (int)delivery->key.size, delivery->key.bytes);
  }
  int64_t total = number_after(delivery->body, "\"total\":");
  struct text body = room_print(&service->room, "{\"consumerId\":\"%s\",\"orderId\":\"%.*s\",\"total\":%lld}",
                                delivery->row, (int)delivery->key.size, delivery->key.bytes, (long long)total);
  return column_add_text(&service->columns[approved_ids], delivery->key, failure) &&
         column_add_number(&service->columns[approved_totals], total, failure) &&
         service_send(service, order_was_approved, delivery, delivery->saga, text_of("{}"), NULL, failure) &&
         service_send(service, order_approved, delivery, delivery->saga, body, NULL, failure);
}

static bool decide(struct service *service, struct delivery *delivery, struct bench_failure *failure) {
  switch (delivery->kind) {
    case place_order: return decide_place(service, delivery, failure);
    case approve_order: return decide_approve(service, delivery, failure);
    default: return fail(failure, "order takes no %s", message_rules[delivery->kind].type);
  }
}

static bool write(struct service *service, struct bench_failure *failure) {
  return (!service->is_guess || service_put(service, "place_new", placed_ids, 4, NULL, failure)) &&
         service_put(service, "approve", approved_ids, 2, NULL, failure);
}

const struct role order_role = {
    .name = "order",
    .queues = {"order.commands"},
    .queue_count = 1,
    .schema = schema,
    .statements = statements,
    .column_types = {text_type, text_type, text_type, text_type, text_type, text_type, number_type},
    .read = read,
    .guess = guess,
    .decide = decide,
    .write = write,
};
