#include <string.h>

#include "prototype_service.h"

enum {
  claimed_keys = role_columns,
  claimed_sagas,
  locked_sagas,
  new_ids,
  new_keys,
  new_states,
  new_searches,
  changed_ids,
  changed_versions,
  changed_states,
  changed_over,
  history_sagas,
  history_numbers,
  history_causes,
  history_inputs,
  history_actions,
};

static const char schema[] =
    "CREATE TABLE saga_key (name text NOT NULL, key text NOT NULL, saga uuid NOT NULL, PRIMARY KEY (name, key));"
    "CREATE TABLE saga_instance (id uuid PRIMARY KEY, definition text NOT NULL, name text NOT NULL,"
    "  key text NOT NULL, version bigint NOT NULL, phase text NOT NULL, is_stuck boolean NOT NULL, outcome text,"
    "  state bytea NOT NULL, search jsonb NOT NULL, started_at timestamptz NOT NULL, changed_at timestamptz NOT NULL,"
    "  ended_at timestamptz, wake_at timestamptz) WITH (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.05);"
    "CREATE INDEX saga_instance_open ON saga_instance (id) WHERE ended_at IS NULL;"
    "CREATE INDEX saga_instance_key ON saga_instance (key);"
    "CREATE INDEX saga_instance_wake ON saga_instance (wake_at) WHERE ended_at IS NULL;"
    "CREATE TABLE saga_history (saga uuid NOT NULL, number bigint NOT NULL, at timestamptz NOT NULL, cause uuid,"
    "  input bytea NOT NULL, actions bytea NOT NULL, PRIMARY KEY (saga, number))";

static const struct statement statements[] = {
    {"claim_key",
     "INSERT INTO saga_key (name, key, saga) SELECT 'create-order', key, saga "
     "FROM unnest($1::text[], $2::uuid[]) AS wanted (key, saga) ON CONFLICT DO NOTHING RETURNING saga"},
    {"claim_key_new",
     "INSERT INTO saga_key (name, key, saga) SELECT 'create-order', key, saga "
     "FROM unnest($1::text[], $2::uuid[]) AS wanted (key, saga)"},
    {"lock",
     "SELECT id, version, state FROM saga_instance WHERE id = ANY ($1::uuid[]) AND ended_at IS NULL "
     "ORDER BY id FOR UPDATE"},
    {"start",
     "INSERT INTO saga_instance (id, definition, name, key, version, phase, is_stuck, state, search, started_at,"
     "  changed_at, wake_at) "
     "SELECT id, '89efa14391c7355ef0f3adf99039f913b2d12c3737bfd41762cedc40ee6d75b4', 'create-order', key, 1,"
     "  'running', false, state, search::jsonb, now(), now(), now() + interval '10 seconds' "
     "FROM unnest($1::uuid[], $2::text[], $3::bytea[], $4::text[]) AS saga (id, key, state, search)"},
    {"change",
     /* Divides by zero if one of them has another version. */
     "WITH changed AS (UPDATE saga_instance SET version = next.before + 1, state = next.state, changed_at = now(),"
     "  phase = CASE WHEN next.is_over THEN 'finished' ELSE 'running' END,"
     "  outcome = CASE WHEN next.is_over THEN 'approved' END, ended_at = CASE WHEN next.is_over THEN now() END,"
     "  wake_at = CASE WHEN NOT next.is_over THEN wake_at END "
     "FROM unnest($1::uuid[], $2::bigint[], $3::bytea[], $4::boolean[]) AS next (id, before, state, is_over) "
     "WHERE saga_instance.id = next.id AND version = next.before RETURNING 1) "
     "SELECT 1 / (count(*) = cardinality($1::uuid[]))::int FROM changed"},
    {"tell",
     "INSERT INTO saga_history (saga, number, at, cause, input, actions) "
     "SELECT saga, number, now(), cause, input, actions "
     "FROM unnest($1::uuid[], $2::bigint[], $3::uuid[], $4::bytea[], $5::bytea[]) "
     "AS entry (saga, number, cause, input, actions)"},
    {NULL, NULL},
};

/* What a saga remembers. The sizes come near those of the delivered orchestrator's state. */
struct state {
  uint8_t awaited[id_size];
  int64_t total;
  /* The reply that is waited for; how far the saga is follows from it. */
  uint32_t reply;
  char order[64];
  char consumer[64];
  char restaurant[64];
  char ticket[64];
  char lines[320];
};
_Static_assert(sizeof(struct state) <= sizeof(((struct delivery *)0)->row), "a state has its place beside its reply");

/* The sagas changed last, each where its id says: what is remembered of one is true as long as its version is. */
enum { memory_size = 8191 };

struct memory {
  uint8_t saga[id_size];
  int64_t version;
  struct state state;
};

static struct memory *memory_of(const uint8_t *saga) {
  static struct memory memories[memory_size];
  uint64_t number;
  memcpy(&number, saga + sizeof number, sizeof number);
  return &memories[number % memory_size];
}

static void remember(const struct delivery *delivery, int64_t version, const struct state *state) {
  struct memory *memory = memory_of(delivery->own_id);
  memcpy(memory->saga, delivery->own_id, id_size);
  memory->version = version;
  memory->state = *state;
}

/* Whether it is the reply that a saga waits for. Any other is judged by what the tables say. */
static bool is_awaited(const struct state *state, const struct delivery *delivery) {
  return state->reply == delivery->kind && memcmp(state->awaited, delivery->cause, id_size) == 0;
}

static bool guess(struct service *service, struct delivery *delivery) {
  (void)service;
  const struct memory *memory = memory_of(delivery->own_id);
  bool is_start = delivery->kind == order_created;
  delivery->is_found = is_start || (memcmp(memory->saga, delivery->own_id, id_size) == 0 &&
                                    is_awaited(&memory->state, delivery));
  if (delivery->is_found && !is_start) {
    delivery->number = memory->version;
    memcpy(delivery->row, &memory->state, sizeof memory->state);
  }
  return delivery->is_found;
}

/* A line of the history: what came, or what was sent for it. */
enum { input_size = 240, action_size = 430 };

static bool put_field(char *field, size_t size, struct text text, struct bench_failure *failure) {
  if (text.size == 0 || text.size >= size) {
    return fail(failure, "a field of %zu bytes", text.size);
  }
  memcpy(field, text.bytes, text.size);
  return true;
}

static bool on_claimed(void *context, const PGresult *result, struct bench_failure *failure) {
  (void)failure;
  struct service *service = context;
  for (int row = 0; row < PQntuples(result); row++) {
    for (size_t place = 0; place < service->member_count; place++) {
      struct delivery *member = service->members[place];
      bool is_it = member->kind == order_created && memcmp(member->own_id, PQgetvalue(result, row, 0), id_size) == 0;
      member->is_found = member->is_found || is_it;
    }
  }
  return true;
}

static bool on_locked(void *context, const PGresult *result, struct bench_failure *failure) {
  struct service *service = context;
  for (int row = 0; row < PQntuples(result); row++) {
    if (PQgetlength(result, row, 2) != sizeof(struct state)) {
      return fail(failure, "a state of %d bytes", PQgetlength(result, row, 2));
    }
    for (size_t place = 0; place < service->member_count; place++) {
      struct delivery *member = service->members[place];
      if (member->kind != order_created && memcmp(member->own_id, PQgetvalue(result, row, 0), id_size) == 0) {
        member->is_found = true;
        member->number = row_number(result, row, 1);
        memcpy(member->row, PQgetvalue(result, row, 2), sizeof(struct state));
      }
    }
  }
  return true;
}

static bool read(struct service *service, struct bench_failure *failure) {
  struct column *columns = service->columns;
  if (!service_add_keys(service, order_created, "\"orderId\":\"", claimed_keys, failure)) {
    return false;
  }
  for (size_t place = 0; place < service->member_count; place++) {
    struct delivery *member = service->members[place];
    bool is_start = member->kind == order_created;
    if (is_start) {
      id_make(member->own_id);
    } else if (!id_parse(member->own_id, member->saga)) {
      return fail(failure, "a reply to no saga");
    }
    if (!column_add(&columns[is_start ? claimed_sagas : locked_sagas], member->own_id, id_size, failure)) {
      return false;
    }
  }
  return service->is_guess || (service_put(service, "claim_key", claimed_keys, 2, on_claimed, failure) &&
                               service_put(service, "lock", locked_sagas, 1, on_locked, failure));
}

static struct text fixed(struct room *room, size_t size, struct text head, struct text rest) {
  char *place = room_take(room, size);
  if (place == NULL) {
    return (struct text){.bytes = NULL};
  }
  memset(place, ' ', size);
  size_t head_size = head.size < size ? head.size : size;
  size_t rest_size = rest.size < size - head_size ? rest.size : size - head_size;
  memcpy(place, head.bytes, head_size);
  if (rest_size > 0) {
    memcpy(place + head_size, rest.bytes, rest_size);
  }
  return (struct text){.bytes = place, .size = size};
}

/* The input, enough to decide again, and what was done for it. */
static bool tell(struct service *service, const struct delivery *delivery, int64_t number,
                 const struct outgoing *command, struct bench_failure *failure) {
  struct column *columns = service->columns;
  struct text type = text_of(message_rules[delivery->kind].type);
  struct text input = fixed(&service->room, input_size, type, delivery->body);
  struct text action = command == NULL ? text_of("finished")
                                       : fixed(&service->room, action_size, command->key, command->body);
  if (input.bytes == NULL || action.bytes == NULL) {
    return fail(failure, "no room for history");
  }
  return column_add(&columns[history_sagas], delivery->own_id, id_size, failure) &&
         column_add_number(&columns[history_numbers], number, failure) &&
         column_add(&columns[history_causes], delivery->id, id_size, failure) &&
         column_add_text(&columns[history_inputs], input, failure) &&
         column_add_text(&columns[history_actions], action, failure);
}

/* The command that follows, and the state that waits for its reply. */
static bool send_command(struct service *service, const struct delivery *delivery, struct state *state,
                         enum message_kind kind, struct text body, struct outgoing **command,
                         struct bench_failure *failure) {
  char *saga = room_take(&service->room, id_text_size);
  if (saga == NULL) {
    return fail(failure, "no room for a saga's id");
  }
  id_write(saga, delivery->own_id);
  struct text text = {.bytes = saga, .size = id_text_size};
  if (!service_send(service, kind, delivery, text, body, command, failure)) {
    return false;
  }
  memcpy(state->awaited, (*command)->id, id_size);
  state->reply = kind + 1;
  return true;
}

static bool start(struct service *service, struct delivery *delivery, struct bench_failure *failure) {
  struct state state = {.total = 0};
  struct outgoing *command;
  struct column *columns = service->columns;
  struct text consumer = text_after(delivery->body, "\"consumerId\":\"", '"');
  struct text restaurant = text_after(delivery->body, "\"restaurantId\":\"", '"');
  if (!put_field(state.order, sizeof state.order, delivery->key, failure) ||
      !put_field(state.consumer, sizeof state.consumer, consumer, failure) ||
      !put_field(state.restaurant, sizeof state.restaurant, restaurant, failure) ||
      !put_field(state.lines, sizeof state.lines, text_after(delivery->body, "\"lines\":[", ']'), failure)) {
    return false;
  }
  struct room *room = &service->room;
  struct text body = room_print(room, "{\"consumerId\":\"%s\",\"lines\":[%s],\"orderId\":\"%s\"}", state.consumer,
                                state.lines, state.order);
  struct text search = room_print(room, "{\"orderId\":\"%s\",\"consumerId\":\"%s\",\"restaurantId\":\"%s\"}",
                                  state.order, state.consumer, state.restaurant);
  if (!send_command(service, delivery, &state, verify_consumer, body, &command, failure)) {
    return false;
  }
  remember(delivery, 1, &state);
  return column_add(&columns[new_ids], delivery->own_id, id_size, failure) &&
         column_add_text(&columns[new_keys], delivery->key, failure) &&
         column_add(&columns[new_states], &state, sizeof state, failure) &&
         column_add_text(&columns[new_searches], search, failure) && tell(service, delivery, 1, command, failure);
}

/* The command after a reply. */
static bool send_next(struct service *service, const struct delivery *delivery, struct state *state,
                      struct outgoing **command, struct bench_failure *failure) {
  struct room *room = &service->room;
  struct text body;
  switch (delivery->kind) {
    case consumer_verified:
      body = room_print(room, "{\"lines\":[%s],\"orderId\":\"%s\",\"restaurantId\":\"%s\"}", state->lines,
                        state->order, state->restaurant);
      return send_command(service, delivery, state, create_ticket, body, command, failure);
    case ticket_created:
      state->total = number_after(delivery->body, "\"total\":");
      body = room_print(room, "{\"consumerId\":\"%s\",\"orderId\":\"%s\",\"total\":%lld}", state->consumer,
                        state->order, (long long)state->total);
      return put_field(state->ticket, sizeof state->ticket, text_after(delivery->body, "\"ticketId\":\"", '"'),
                       failure) &&
             send_command(service, delivery, state, authorize_card, body, command, failure);
    case card_authorized:
      body = room_print(room, "{\"orderId\":\"%s\"}", state->order);
      return send_command(service, delivery, state, confirm_ticket, body, command, failure);
    case ticket_confirmed:
      body = room_print(room, "{\"orderId\":\"%s\",\"total\":%lld}", state->order, (long long)state->total);
      return send_command(service, delivery, state, approve_order, body, command, failure);
    case order_was_approved: state->reply = 0; return true;
    default: return fail(failure, "orchestrator takes no %s", message_rules[delivery->kind].type);
  }
}

static bool go_on(struct service *service, struct delivery *delivery, struct bench_failure *failure) {
  struct state state;
  struct outgoing *command = NULL;
  struct column *columns = service->columns;
  memcpy(&state, delivery->row, sizeof state);
  /* A reply counts only for the request awaited. */
  if (!is_awaited(&state, delivery)) {
    return true;
  }
  if (!send_next(service, delivery, &state, &command, failure)) {
    return false;
  }
  remember(delivery, delivery->number + 1, &state);
  return column_add(&columns[changed_ids], delivery->own_id, id_size, failure) &&
         column_add_number(&columns[changed_versions], delivery->number, failure) &&
         column_add(&columns[changed_states], &state, sizeof state, failure) &&
         column_add_bool(&columns[changed_over], state.reply == 0, failure) &&
         tell(service, delivery, delivery->number + 1, command, failure);
}

/* A key that is taken has its saga; a reply to none that runs is no more than a row of the inbox. */
static bool decide(struct service *service, struct delivery *delivery, struct bench_failure *failure) {
  if (!delivery->is_found) {
    return true;
  }
  return delivery->kind == order_created ? start(service, delivery, failure) : go_on(service, delivery, failure);
}

static bool write(struct service *service, struct bench_failure *failure) {
  return (!service->is_guess || service_put(service, "claim_key_new", claimed_keys, 2, NULL, failure)) &&
         service_put(service, "start", new_ids, 4, NULL, failure) &&
         service_put(service, "change", changed_ids, 4, NULL, failure) &&
         service_put(service, "tell", history_sagas, 5, NULL, failure);
}

const struct role orchestrator_role = {
    .name = "orchestrator",
    .queues = {"orchestrator.replies", "orchestrator.events"},
    .queue_count = 2,
    .schema = schema,
    .statements = statements,
    .column_types = {text_type, uuid_type, uuid_type, uuid_type, text_type, bytes_type, text_type, uuid_type,
                     number_type, bytes_type, bool_type, uuid_type, number_type, uuid_type, bytes_type, bytes_type},
    .read = read,
    .guess = guess,
    .decide = decide,
    .write = write,
};
