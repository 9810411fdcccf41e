#include <string.h>

#include "prototype_service.h"

enum {
  asked_restaurants = role_columns,
  locked_orders,
  ticket_orders,
  ticket_ids,
  ticket_restaurants,
  ticket_lines,
  ticket_totals,
  confirmed_orders,
};

static const char schema[] =
    "CREATE TABLE restaurant (id text PRIMARY KEY, is_open boolean NOT NULL,"
    "  changed_at timestamptz NOT NULL DEFAULT now());"
    "CREATE TABLE menu_item (restaurant text NOT NULL, id text NOT NULL, name text NOT NULL, price bigint NOT NULL,"
    "  PRIMARY KEY (restaurant, id));"
    "CREATE TABLE ticket (order_id text PRIMARY KEY, id uuid NOT NULL UNIQUE, restaurant text NOT NULL,"
    "  lines text NOT NULL, total bigint NOT NULL, state text NOT NULL,"
    "  changed_at timestamptz NOT NULL DEFAULT now()) WITH (fillfactor = 80);"
    "INSERT INTO restaurant SELECT 'restaurant-' || number, true FROM generate_series(0, 19) AS number;"
    "INSERT INTO menu_item SELECT 'restaurant-' || number, item.* FROM generate_series(0, 19) AS number,"
    "  (VALUES ('carbonara', 'Spaghetti carbonara', 1250), ('tiramisu', 'Tiramisu', 650)) AS item";

static const struct statement statements[] = {
    {"menus",
     "SELECT restaurant.id, menu_item.id, price FROM restaurant JOIN menu_item ON restaurant = restaurant.id "
     "WHERE is_open AND restaurant.id = ANY ($1::text[])"},
    {"lock", "SELECT order_id, state FROM ticket WHERE order_id = ANY ($1::text[]) ORDER BY order_id FOR UPDATE"},
    {"create",
     "INSERT INTO ticket (order_id, id, restaurant, lines, total, state) "
     "SELECT order_id, id, restaurant, lines, total, 'CREATE_PENDING' "
     "FROM unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::bigint[]) "
     "AS ticket (order_id, id, restaurant, lines, total)"},
    {"confirm",
     "UPDATE ticket SET state = 'AWAITING_ACCEPTANCE', changed_at = now() "
     "FROM unnest($1::text[]) AS next (order_id) WHERE ticket.order_id = next.order_id"},
    {NULL, NULL},
};

static struct text lines_of(const struct delivery *delivery) { return text_after(delivery->body, "\"lines\":[", ']'); }

/* Adds what an item costs to all tickets that ask for it. */
static void price(struct service *service, struct text restaurant, struct text item, int64_t price) {
  for (size_t place = 0; place < service->member_count; place++) {
    struct delivery *member = service->members[place];
    if (member->kind != create_ticket || !text_equals(member->key, restaurant)) {
      continue;
    }
    struct text lines = lines_of(member);
    for (struct text line = text_after(lines, "{", '}'); line.size > 0; line = text_after(lines, "{", '}')) {
      if (text_equals(text_after(line, "\"menuItemId\":\"", '"'), item)) {
        member->number += price * number_after(line, "\"quantity\":");
      }
      lines.size -= (size_t)(line.bytes + line.size + 1 - lines.bytes);
      lines.bytes = line.bytes + line.size + 1;
    }
  }
}

static bool on_menus(void *context, const PGresult *result, struct bench_failure *failure) {
  (void)failure;
  for (int row = 0; row < PQntuples(result); row++) {
    price(context, row_text(result, row, 0), row_text(result, row, 1), row_number(result, row, 2));
  }
  return true;
}

static bool on_locked(void *context, const PGresult *result, struct bench_failure *failure) {
  (void)failure;
  struct service *service = context;
  for (int row = 0; row < PQntuples(result); row++) {
    struct text order = row_text(result, row, 0);
    for (size_t place = 0; place < service->member_count; place++) {
      struct delivery *member = service->members[place];
      if (member->kind == confirm_ticket && text_equals(member->key, order)) {
        member->is_found = text_equals(row_text(result, row, 1), text_of("CREATE_PENDING"));
      }
    }
  }
  return true;
}

static bool read(struct service *service, struct bench_failure *failure) {
  for (size_t place = 0; place < service->member_count; place++) {
    service->members[place]->number = 0;
  }
  return service_add_keys(service, create_ticket, "\"restaurantId\":\"", asked_restaurants, failure) &&
         service_add_keys(service, confirm_ticket, "\"orderId\":\"", locked_orders, failure) &&
         service_put(service, "menus", asked_restaurants, 1, on_menus, failure) &&
         service_put(service, "lock", locked_orders, 1, on_locked, failure);
}

static bool decide_create(struct service *service, struct delivery *delivery, struct bench_failure *failure) {
  if (delivery->number == 0) {
    return fail(failure, "%.*s is closed or has none of it", (int)delivery->key.size, delivery->key.bytes);
  }
  struct column *columns = service->columns;
  char ticket[id_text_size];
  id_make(delivery->own_id);
  id_write(ticket, delivery->own_id);
  struct text body = room_print(&service->room, "{\"ticketId\":\"%.*s\",\"total\":%lld}", id_text_size, ticket,
                                (long long)delivery->number);
  return column_add_text(&columns[ticket_orders], text_after(delivery->body, "\"orderId\":\"", '"'), failure) &&
         column_add(&columns[ticket_ids], delivery->own_id, id_size, failure) &&
         column_add_text(&columns[ticket_restaurants], delivery->key, failure) &&
         column_add_text(&columns[ticket_lines], lines_of(delivery), failure) &&
         column_add_number(&columns[ticket_totals], delivery->number, failure) &&
         service_send(service, ticket_created, delivery, delivery->saga, body, NULL, failure);
}

static bool decide_confirm(struct service *service, struct delivery *delivery, struct bench_failure *failure) {
  if (!delivery->is_found) {
    return fail(failure, "the ticket of %.*s is not pending", (int)delivery->key.size, delivery->key.bytes);
  }
  return column_add_text(&service->columns[confirmed_orders], delivery->key, failure) &&
         service_send(service, ticket_confirmed, delivery, delivery->saga, text_of("{}"), NULL, failure);
}

static bool decide(struct service *service, struct delivery *delivery, struct bench_failure *failure) {
  switch (delivery->kind) {
    case create_ticket: return decide_create(service, delivery, failure);
    case confirm_ticket: return decide_confirm(service, delivery, failure);
    default: return fail(failure, "kitchen takes no %s", message_rules[delivery->kind].type);
  }
}

static bool write(struct service *service, struct bench_failure *failure) {
  return service_put(service, "create", ticket_orders, 5, NULL, failure) &&
         service_put(service, "confirm", confirmed_orders, 1, NULL, failure);
}

const struct role kitchen_role = {
    .name = "kitchen",
    .queues = {"kitchen.commands"},
    .queue_count = 1,
    .schema = schema,
    .statements = statements,
    .column_types = {text_type, text_type, text_type, uuid_type, text_type, text_type, number_type, text_type},
    .read = read,
    .decide = decide,
    .write = write,
};
