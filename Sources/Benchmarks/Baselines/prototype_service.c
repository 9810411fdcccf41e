#include "prototype_service.h"

#include <string.h>

static struct column *column(struct service *service, size_t place) { return &service->columns[place]; }

bool service_put(struct service *service, const char *name, size_t first_column, size_t column_count,
                 result_handler *handler, struct bench_failure *failure) {
  struct column *columns[parameter_count_max + 1] = {NULL};
  for (size_t place = 0; place < column_count; place++) {
    columns[place] = column(service, first_column + place);
  }
  if (column_count > 0 && columns[0]->count == 0) {
    return true;
  }
  return database_put(&service->database, name, columns, handler, failure);
}

bool service_add_keys(struct service *service, enum message_kind kind, const char *word, size_t column_place,
                      struct bench_failure *failure) {
  for (size_t place = 0; place < service->member_count; place++) {
    struct delivery *member = service->members[place];
    if (member->kind != kind) {
      continue;
    }
    member->key = text_after(member->body, word, '"');
    if (member->key.size == 0) {
      return fail(failure, "%s: no %s in %.*s", message_rules[kind].type, word, (int)member->body.size,
                  member->body.bytes);
    }
    if (!column_add_text(column(service, column_place), member->key, failure)) {
      return false;
    }
  }
  return true;
}

static bool add_reply(struct service *service, const struct outgoing *message, struct bench_failure *failure) {
  return column_add(column(service, reply_commands), message->answered->id, id_size, failure) &&
         column_add(column(service, reply_ids), message->id, id_size, failure) &&
         column_add_text(column(service, reply_keys), message->key, failure) &&
         column_add_text(column(service, reply_envelopes), message->envelope, failure) &&
         column_add_text(column(service, reply_bodies), message->body, failure);
}

bool service_send(struct service *service, enum message_kind kind, const struct delivery *cause, struct text saga,
                  struct text body, struct outgoing **made, struct bench_failure *failure) {
  if (service->message_count == message_count_max || body.bytes == NULL) {
    return fail(failure, "no room for a message");
  }
  struct outgoing *message = &service->messages[service->message_count++];
  if (!outgoing_make(message, kind, cause->id, saga, &service->room, failure)) {
    return false;
  }
  message->body = body;
  message->answered = message_rules[kind].is_reply ? cause : NULL;
  if (made != NULL) {
    *made = message;
  }
  return column_add(column(service, outbox_ids), message->id, id_size, failure) &&
         column_add_text(column(service, outbox_exchanges), text_of(message->exchange), failure) &&
         column_add_text(column(service, outbox_keys), message->key, failure) &&
         column_add_text(column(service, outbox_envelopes), message->envelope, failure) &&
         column_add_text(column(service, outbox_bodies), message->body, failure) &&
         (message->answered == NULL || add_reply(service, message, failure));
}

static void clear_batch(struct service *service) {
  service->message_count = service->room.used = 0;
  for (size_t place = 0; place < role_columns + role_column_count_max; place++) {
    column_clear(column(service, place));
  }
  for (size_t place = 0; place < service->member_count; place++) {
    struct delivery *member = service->members[place];
    member->is_new = member->is_fence_new = member->is_found = false;
  }
}

/* Takes the oldest deliveries, up to the second of one saga: it is decided upon what the first has written. */
static void take_members(struct service *service) {
  service->member_count = 0;
  while (service->member_count < batch_size_max && service->member_count < service->intake.count) {
    struct delivery *next = intake_at(&service->intake, service->member_count);
    for (size_t place = 0; next->saga.size > 0 && place < service->member_count; place++) {
      if (text_equals(service->members[place]->saga, next->saga)) {
        return;
      }
    }
    service->members[service->member_count++] = next;
  }
}

static bool on_claimed(void *context, const PGresult *result, struct bench_failure *failure) {
  (void)failure;
  struct service *service = context;
  for (int row = 0; row < PQntuples(result); row++) {
    const char *id = PQgetvalue(result, row, 0);
    for (size_t place = 0; place < service->member_count; place++) {
      struct delivery *member = service->members[place];
      if (!member->is_new && memcmp(member->id, id, id_size) == 0) {
        member->is_new = true;
        break;
      }
    }
  }
  return true;
}

static bool on_fenced(void *context, const PGresult *result, struct bench_failure *failure) {
  (void)failure;
  struct service *service = context;
  for (int row = 0; row < PQntuples(result); row++) {
    struct text saga = row_text(result, row, 0);
    for (size_t place = 0; place < service->member_count; place++) {
      struct delivery *member = service->members[place];
      member->is_fence_new = member->is_fence_new || text_equals(member->saga, saga);
    }
  }
  return true;
}

static bool add_claims(struct service *service, struct bench_failure *failure) {
  for (size_t place = 0; place < service->member_count; place++) {
    const struct delivery *member = service->members[place];
    const struct message_rule *rule = &message_rules[member->kind];
    if (!column_add(column(service, claim_ids), member->id, id_size, failure) ||
        !column_add_text(column(service, claim_types), text_of(rule->type), failure) ||
        !column_add_text(column(service, claim_sagas), member->saga, failure)) {
      return false;
    }
    if (rule->is_command && (!column_add_text(column(service, fence_sagas), member->saga, failure) ||
                             !column_add_text(column(service, fence_steps), text_of(rule->step), failure))) {
      return false;
    }
  }
  return true;
}

/* First round trip: BEGIN, inbox and fence for all, and what the role reads. */
static bool open_batch(struct service *service, struct bench_failure *failure) {
  return add_claims(service, failure) && service_put(service, "begin", 0, 0, NULL, failure) &&
         service_put(service, "claim", claim_ids, 3, on_claimed, failure) &&
         service_put(service, "fence", fence_sagas, 2, on_fenced, failure) &&
         service->role->read(service, failure) && database_run(&service->database, service, NULL, failure);
}

static bool decide(struct service *service, struct bench_failure *failure) {
  for (size_t place = 0; place < service->member_count; place++) {
    struct delivery *member = service->members[place];
    const struct message_rule *rule = &message_rules[member->kind];
    if (!member->is_new) {
      if (!column_add(column(service, repeated_ids), member->id, id_size, failure)) {
        return false;
      }
    } else if (rule->is_command && !member->is_fence_new) {
      return fail(failure, "%s: the step was undone, which no saga of a baseline is", rule->type);
    } else if (!service->role->decide(service, member, failure)) {
      return false;
    }
  }
  return true;
}

static struct text keep(struct room *room, struct text text) {
  char *place = room_take(room, text.size);
  if (place != NULL) {
    memcpy(place, text.bytes, text.size);
  }
  return (struct text){.bytes = place, .size = text.size};
}

/* A command that came again gets the reply it got before, by the same id. */
static bool on_stored(void *context, const PGresult *result, struct bench_failure *failure) {
  struct service *service = context;
  for (int row = 0; row < PQntuples(result); row++) {
    if (service->message_count == message_count_max) {
      return fail(failure, "no room for a stored reply");
    }
    struct outgoing *message = &service->messages[service->message_count++];
    *message = (struct outgoing){.exchange = "skald.replies",
                                 .key = keep(&service->room, row_text(result, row, 1)),
                                 .envelope = keep(&service->room, row_text(result, row, 2)),
                                 .body = keep(&service->room, row_text(result, row, 3)),
                                 .is_mandatory = true};
    if (message->key.bytes == NULL || message->envelope.bytes == NULL || message->body.bytes == NULL) {
      return fail(failure, "no room for a stored reply");
    }
    memcpy(message->id, PQgetvalue(result, row, 0), id_size);
  }
  return true;
}

static bool add_confirmed(struct service *service, size_t count, struct bench_failure *failure) {
  for (size_t place = 0; place < count; place++) {
    if (!column_add(column(service, confirmed_ids), outlet_confirmed_id(&service->outlet, place), id_size, failure)) {
      return false;
    }
  }
  return true;
}

/* Second round trip: what was decided, the outbox, the rows whose messages are confirmed, COMMIT. */
static bool close_batch(struct service *service, bool *is_refused, struct bench_failure *failure) {
  size_t confirmed_count = outlet_confirmed_count(&service->outlet);
  if (!add_confirmed(service, confirmed_count, failure) || !service->role->write(service, failure) ||
      !service_put(service, "reply", reply_commands, 5, NULL, failure) ||
      !service_put(service, "outbox", outbox_ids, 5, NULL, failure) ||
      !service_put(service, "stored", repeated_ids, 1, on_stored, failure) ||
      !service_put(service, "forget", confirmed_ids, 1, NULL, failure) ||
      !service_put(service, "commit", 0, 0, NULL, failure) ||
      !database_run(&service->database, service, is_refused, failure)) {
    return false;
  }
  if (is_refused == NULL || !*is_refused) {
    outlet_forget(&service->outlet, confirmed_count);
  }
  return true;
}

/* Whether the role remembers all that reading would find for these members. */
static bool can_guess(struct service *service) {
  for (size_t place = 0; place < service->member_count; place++) {
    struct delivery *member = service->members[place];
    if (message_rules[member->kind].is_command || !service->role->guess(service, member)) {
      return false;
    }
    member->is_new = true;
  }
  return true;
}

/* Both round trips in one: everything is taken for new and decided from memory; the database refuses all of it if any
   of that is wrong, and then it is as if nothing had been tried. */
static bool try_guess(struct service *service, bool *is_done, struct bench_failure *failure) {
  bool is_refused = false;
  *is_done = false;
  if (service->role->guess == NULL) {
    return true;
  }
  service->is_guess = true;
  if (!add_claims(service, failure) || !service->role->read(service, failure)) {
    return false;
  }
  if (can_guess(service)) {
    if (!service_put(service, "begin", 0, 0, NULL, failure) ||
        !service_put(service, "claim_new", claim_ids, 3, NULL, failure) || !decide(service, failure) ||
        !close_batch(service, &is_refused, failure)) {
      return false;
    }
    *is_done = !is_refused;
  }
  service->is_guess = false;
  return !is_refused || (service_put(service, "rollback", 0, 0, NULL, failure) &&
                         database_run(&service->database, service, NULL, failure));
}

static bool publish(struct service *service, struct bench_failure *failure) {
  for (size_t place = 0; place < service->message_count; place++) {
    if (!outlet_append(&service->outlet, &service->messages[place], failure)) {
      return false;
    }
  }
  if (!outlet_flush(&service->outlet, failure)) {
    return false;
  }
  /* Nothing but the inbox covers a stored reply, so it is confirmed before its command is acknowledged. */
  return column(service, repeated_ids)->count == 0 || outlet_await_confirms(&service->outlet, failure);
}

static bool run_transaction(struct service *service, struct bench_failure *failure) {
  bool is_done;
  clear_batch(service);
  if (!try_guess(service, &is_done, failure)) {
    return false;
  }
  if (is_done) {
    return true;
  }
  clear_batch(service);
  return open_batch(service, failure) && decide(service, failure) && close_batch(service, NULL, failure);
}

static bool run_batch(struct service *service, struct bench_failure *failure) {
  take_members(service);
  return run_transaction(service, failure) && publish(service, failure) &&
         intake_acknowledge(&service->intake, service->member_count, failure);
}

/* With no batch to go with, the rows of confirmed messages go by themselves. */
static bool forget_confirmed(struct service *service, struct bench_failure *failure) {
  size_t count = outlet_confirmed_count(&service->outlet);
  column_clear(column(service, confirmed_ids));
  if (count == 0) {
    return true;
  }
  if (!add_confirmed(service, count, failure) || !service_put(service, "forget", confirmed_ids, 1, NULL, failure) ||
      !database_run(&service->database, service, NULL, failure)) {
    return false;
  }
  outlet_forget(&service->outlet, count);
  return true;
}

bool service_run(struct service *service, struct bench_failure *failure) {
  for (;;) {
    bool is_idle;
    if (!intake_receive(&service->intake, &is_idle, failure) || !outlet_take_confirms(&service->outlet, failure)) {
      return false;
    }
    if (service->intake.count > 0 ? !run_batch(service, failure) : is_idle && !forget_confirmed(service, failure)) {
      return false;
    }
  }
}
