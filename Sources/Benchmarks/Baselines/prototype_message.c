#include "prototype_message.h"

#include <string.h>
#include <time.h>

#define COMMAND(name, participant, place) \
  {.type = participant "." name,          \
   .sender = "orchestrator",              \
   .exchange = "skald.commands",          \
   .key = participant,                    \
   .step = place,                         \
   .is_command = true}
#define REPLY(name, participant, place) \
  {.type = participant "." name,        \
   .sender = participant,               \
   .exchange = "skald.replies",         \
   .key = "orchestrator",               \
   .step = place,                       \
   .is_reply = true}
#define EVENT(name) {.type = name, .sender = "order", .exchange = "skald.events", .key = name}

const struct message_rule message_rules[message_kind_count] = {
    [place_order] = {.type = "order.PlaceOrder", .sender = "skald", .exchange = "skald.commands", .key = "order"},
    [order_created] = EVENT("order.created"),
    [verify_consumer] = COMMAND("VerifyConsumer", "consumer", "verify-consumer"),
    [consumer_verified] = REPLY("ConsumerVerified", "consumer", "verify-consumer"),
    [create_ticket] = COMMAND("CreateTicket", "kitchen", "create-ticket"),
    [ticket_created] = REPLY("TicketCreated", "kitchen", "create-ticket"),
    [authorize_card] = COMMAND("AuthorizeCard", "accounting", "authorize-card"),
    [card_authorized] = REPLY("CardAuthorized", "accounting", "authorize-card"),
    [confirm_ticket] = COMMAND("ConfirmTicket", "kitchen", "confirm-ticket"),
    [ticket_confirmed] = REPLY("TicketConfirmed", "kitchen", "confirm-ticket"),
    [approve_order] = COMMAND("ApproveOrder", "order", "approve-order"),
    [order_was_approved] = REPLY("OrderApproved", "order", "approve-order"),
    [order_approved] = EVENT("order.approved"),
};

static struct text text_of_bytes(amqp_bytes_t bytes) { return (struct text){.bytes = bytes.bytes, .size = bytes.len}; }

static amqp_bytes_t bytes_of(struct text text) {
  return (amqp_bytes_t){.len = text.size, .bytes = (void *)(uintptr_t)text.bytes};
}

static bool read_kind(struct delivery *delivery, struct text type, struct text user, struct bench_failure *failure) {
  for (int kind = 0; kind < message_kind_count; kind++) {
    if (text_equals(type, text_of(message_rules[kind].type))) {
      delivery->kind = kind;
      return text_equals(user, text_of(message_rules[kind].sender)) ||
             fail(failure, "%s came from %.*s", message_rules[kind].type, (int)user.size, user.bytes);
    }
  }
  return fail(failure, "a message of the unknown type %.*s", (int)type.size, type.bytes);
}

static bool read_cause(struct delivery *delivery, const amqp_table_t *headers) {
  for (int place = 0; place < headers->num_entries; place++) {
    const amqp_table_entry_t *entry = &headers->entries[place];
    if (text_equals(text_of_bytes(entry->key), text_of("cloudEvents_causationid")) &&
        entry->value.kind == AMQP_FIELD_KIND_UTF8) {
      return id_parse(delivery->cause, text_of_bytes(entry->value.value.bytes));
    }
  }
  return false;
}

bool delivery_read(struct delivery *delivery, const amqp_basic_properties_t *properties,
                   struct bench_failure *failure) {
  struct text saga = {.bytes = NULL};
  if (properties->_flags & AMQP_BASIC_CORRELATION_ID_FLAG) {
    saga = text_of_bytes(properties->correlation_id);
  }
  if (!read_kind(delivery, text_of_bytes(properties->type), text_of_bytes(properties->user_id), failure)) {
    return false;
  }
  if (!id_parse(delivery->id, text_of_bytes(properties->message_id)) || saga.size > id_text_size) {
    return fail(failure, "a message without a right id");
  }
  if (message_rules[delivery->kind].is_reply && !read_cause(delivery, &properties->headers)) {
    return fail(failure, "a reply that does not say to what");
  }
  if (saga.size > 0) {
    memcpy(delivery->bytes, saga.bytes, saga.size);
  }
  delivery->saga = (struct text){.bytes = delivery->bytes, .size = saga.size};
  delivery->body = (struct text){.bytes = delivery->bytes + saga.size};
  delivery->key = (struct text){.bytes = delivery->bytes};
  return true;
}

static amqp_table_entry_t header(const char *name, struct text value) {
  return (amqp_table_entry_t){.key = amqp_cstring_bytes(name),
                              .value = {.kind = AMQP_FIELD_KIND_UTF8, .value.bytes = bytes_of(value)}};
}

static bool encode(struct outgoing *message, amqp_basic_properties_t *properties, struct room *room,
                   struct bench_failure *failure) {
  amqp_bytes_t space = {.len = room->size - room->used, .bytes = room->bytes + room->used};
  int size = amqp_encode_properties(AMQP_BASIC_CLASS, properties, space);
  if (size < 0) {
    return fail_with_status(failure, "encode properties", size);
  }
  message->envelope = (struct text){.bytes = room_take(room, (size_t)size), .size = (size_t)size};
  return true;
}

bool outgoing_make(struct outgoing *message, enum message_kind kind, const uint8_t *cause, struct text saga,
                   struct room *room, struct bench_failure *failure) {
  const struct message_rule *rule = &message_rules[kind];
  char id[id_text_size], cause_id[id_text_size], source[32] = "/";
  id_make(message->id);
  id_write(id, message->id);
  id_write(cause_id, cause);
  strncat(source, rule->sender, sizeof source - 2);
  struct text own = {.bytes = id, .size = sizeof id};
  amqp_table_entry_t headers[8] = {
      header("cloudEvents_specversion", text_of("1.0")),
      header("cloudEvents_id", own),
      header("cloudEvents_source", text_of(source)),
      header("cloudEvents_type", text_of(rule->type)),
      header("cloudEvents_causationid", (struct text){.bytes = cause_id, .size = sizeof cause_id}),
  };
  int header_count = 5;
  if (rule->step != NULL) {
    headers[header_count++] = header("skald-step", text_of(rule->step));
    headers[header_count++] = header("skald-direction", text_of("do"));
    headers[header_count++] = (amqp_table_entry_t){.key = amqp_cstring_bytes("skald-try"),
                                                   .value = {.kind = AMQP_FIELD_KIND_I64, .value.i64 = 1}};
  }
  amqp_basic_properties_t properties = {
      ._flags = AMQP_BASIC_CONTENT_TYPE_FLAG | AMQP_BASIC_HEADERS_FLAG | AMQP_BASIC_DELIVERY_MODE_FLAG |
                AMQP_BASIC_MESSAGE_ID_FLAG | AMQP_BASIC_TIMESTAMP_FLAG | AMQP_BASIC_TYPE_FLAG |
                AMQP_BASIC_USER_ID_FLAG | AMQP_BASIC_APP_ID_FLAG,
      .content_type = amqp_cstring_bytes("application/json"),
      .headers = {.num_entries = header_count, .entries = headers},
      .delivery_mode = AMQP_DELIVERY_PERSISTENT,
      .correlation_id = bytes_of(saga),
      .reply_to = amqp_cstring_bytes("orchestrator"),
      .message_id = bytes_of(own),
      .timestamp = (uint64_t)time(NULL),
      .type = amqp_cstring_bytes(rule->type),
      .user_id = amqp_cstring_bytes(rule->sender),
      .app_id = amqp_cstring_bytes(rule->sender),
  };
  properties._flags |= saga.size > 0 ? AMQP_BASIC_CORRELATION_ID_FLAG : 0;
  properties._flags |= rule->is_command ? AMQP_BASIC_REPLY_TO_FLAG : 0;
  message->exchange = rule->exchange;
  message->key = text_of(rule->key);
  /* An event may have no subscriber. */
  message->is_mandatory = rule->is_command || rule->is_reply;
  message->answered = NULL;
  return encode(message, &properties, room, failure);
}
