/* The messages of a saga that goes well: what they are called, where they go, and their bytes. */
#pragma once
#include "prototype_text.h"
#include "session.h"

enum message_kind {
  place_order,
  order_created,
  verify_consumer,
  consumer_verified,
  create_ticket,
  ticket_created,
  authorize_card,
  card_authorized,
  confirm_ticket,
  ticket_confirmed,
  approve_order,
  order_was_approved,
  order_approved,
  message_kind_count
};

struct message_rule {
  const char *type;
  /* The user that sends it. */
  const char *sender;
  const char *exchange;
  const char *key;
  /* Of commands and their replies. */
  const char *step;
  bool is_command;
  bool is_reply;
};

extern const struct message_rule message_rules[message_kind_count];

/* A message as it came, kept in its place until it is acknowledged. */
struct delivery {
  uint64_t tag;
  enum message_kind kind;
  uint8_t id[id_size];
  /* Of a reply: the command it answers. */
  uint8_t cause[id_size];
  /* Its correlation id; empty where no saga runs yet. */
  struct text saga;
  struct text body;

  /* What the first round trip found. */
  bool is_new;
  bool is_fence_new;
  bool is_found;
  /* By what the service's rows know it, and what they say. */
  struct text key;
  int64_t number;
  uint8_t own_id[id_size];
  char row[768];

  /* What the texts point into. */
  char bytes[1280];
};

bool delivery_read(struct delivery *delivery, const amqp_basic_properties_t *properties,
                   struct bench_failure *failure);

/* A message to be sent, its envelope encoded as AMQP does, for the wire and for the tables alike. */
struct outgoing {
  uint8_t id[id_size];
  const char *exchange;
  struct text key;
  struct text envelope;
  struct text body;
  bool is_mandatory;
  /* The command this is the reply of; NULL otherwise. */
  const struct delivery *answered;
};

/* Puts a message together: everything but its body. */
bool outgoing_make(struct outgoing *message, enum message_kind kind, const uint8_t *cause, struct text saga,
                   struct room *room, struct bench_failure *failure);
