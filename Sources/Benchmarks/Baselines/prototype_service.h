/* What every process of the prototype does: takes a batch, runs it as one transaction of one or two round trips,
   acknowledges it after the commit and publishes what follows from memory. What is particular to one is in its role. */
#pragma once
#include "prototype_database.h"
#include "prototype_intake.h"
#include "prototype_outlet.h"

enum { batch_size_max = 64, message_count_max = 3 * batch_size_max, role_column_count_max = 24 };

/* The columns of the tables that every service has; a role's own begin behind them. */
enum service_column {
  claim_ids,
  claim_types,
  claim_sagas,
  fence_sagas,
  fence_steps,
  reply_commands,
  reply_ids,
  reply_keys,
  reply_envelopes,
  reply_bodies,
  outbox_ids,
  outbox_exchanges,
  outbox_keys,
  outbox_envelopes,
  outbox_bodies,
  confirmed_ids,
  repeated_ids,
  role_columns
};

struct service {
  const struct role *role;
  struct database database;
  struct intake intake;
  struct outlet outlet;
  struct column columns[role_columns + role_column_count_max];

  /* Whether the batch is decided by what is remembered; the database refuses what was remembered wrongly. */
  bool is_guess;
  /* The batch. */
  struct delivery *members[batch_size_max];
  size_t member_count;
  struct outgoing messages[message_count_max];
  size_t message_count;
  struct room room;
};

struct role {
  const char *name;
  const char *queues[queue_count_max];
  size_t queue_count;
  const char *schema;
  /* The end has no name. */
  const struct statement *statements;
  /* The types of its own columns, 0 at the end. */
  uint32_t column_types[role_column_count_max + 1];
  /* Queues what it has to read and lock before it decides; of a guess only adds the columns. */
  bool (*read)(struct service *service, struct bench_failure *failure);
  /* Tells what reading would find, if that is remembered; NULL for a role that remembers nothing. */
  bool (*guess)(struct service *service, struct delivery *delivery);
  /* Decides about a message that is new: adds rows and messages. */
  bool (*decide)(struct service *service, struct delivery *delivery, struct bench_failure *failure);
  /* Queues its writes. */
  bool (*write)(struct service *service, struct bench_failure *failure);
};

extern const struct role order_role, consumer_role, kitchen_role, accounting_role, orchestrator_role;

/* Serves until something fails. */
bool service_run(struct service *service, struct bench_failure *failure);

/* Queues a statement over columns that stand together, unless they are empty. */
bool service_put(struct service *service, const char *name, size_t first_column, size_t column_count,
                 result_handler *handler, struct bench_failure *failure);

/* Sends a message with this batch: writes its outbox row and, for a reply, the stored reply. */
bool service_send(struct service *service, enum message_kind kind, const struct delivery *cause, struct text saga,
                  struct text body, struct outgoing **made, struct bench_failure *failure);

/* Adds the keys of all members of a kind to a column, found behind a word in the body. */
bool service_add_keys(struct service *service, enum message_kind kind, const char *word, size_t column,
                      struct bench_failure *failure);
