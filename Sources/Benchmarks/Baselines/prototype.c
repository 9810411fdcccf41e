#include "prototype.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "prototype_service.h"

/* The parts of every participant's transaction, each for a whole batch. */
static const struct statement common_statements[] = {
    {"begin", "BEGIN"},
    {"commit", "COMMIT"},
    {"rollback", "ROLLBACK"},
    {"claim",
     "INSERT INTO inbox (id, type, saga) SELECT id, type, nullif(saga, '') "
     "FROM unnest($1::uuid[], $2::text[], $3::text[]) AS member (id, type, saga) ON CONFLICT DO NOTHING RETURNING id"},
    {"claim_new",
     "INSERT INTO inbox (id, type, saga) SELECT id, type, nullif(saga, '') "
     "FROM unnest($1::uuid[], $2::text[], $3::text[]) AS member (id, type, saga)"},
    {"fence",
     "INSERT INTO fence (saga, step, state) SELECT saga, step, 'done' "
     "FROM unnest($1::text[], $2::text[]) AS wanted (saga, step) ON CONFLICT DO NOTHING RETURNING saga"},
    {"reply",
     "INSERT INTO reply (command_id, id, routing_key, envelope, body) "
     "SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bytea[], $5::bytea[])"},
    {"stored", "SELECT id, routing_key, envelope, body FROM reply WHERE command_id = ANY ($1::uuid[])"},
    {"outbox",
     "INSERT INTO outbox (id, owner, exchange, routing_key, envelope, body) "
     "SELECT id, 1, exchange, routing_key, envelope, body "
     "FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bytea[], $5::bytea[]) "
     "AS message (id, exchange, routing_key, envelope, body)"},
    {"forget", "DELETE FROM outbox WHERE id = ANY ($1::uuid[])"},
    {NULL, NULL},
};

static const char common_schema[] =
    "CREATE TABLE inbox (id uuid PRIMARY KEY, type text NOT NULL, saga text,"
    "  handled_at timestamptz NOT NULL DEFAULT now());"
    "CREATE TABLE reply (command_id uuid PRIMARY KEY, id uuid NOT NULL, routing_key text NOT NULL,"
    "  envelope bytea NOT NULL, body bytea NOT NULL);"
    "CREATE TABLE fence (saga text NOT NULL, step text NOT NULL, state text NOT NULL,"
    "  changed_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (saga, step)) WITH (fillfactor = 80);"
    "CREATE TABLE outbox (id uuid PRIMARY KEY, owner bigint NOT NULL, created_at timestamptz NOT NULL DEFAULT now(),"
    "  exchange text NOT NULL, routing_key text NOT NULL, envelope bytea NOT NULL, body bytea NOT NULL)"
    "  WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);";

static const uint32_t common_types[role_columns] = {
    [claim_ids] = uuid_type,         [claim_types] = text_type,       [claim_sagas] = text_type,
    [fence_sagas] = text_type,       [fence_steps] = text_type,       [reply_commands] = uuid_type,
    [reply_ids] = uuid_type,         [reply_keys] = text_type,        [reply_envelopes] = bytes_type,
    [reply_bodies] = bytes_type,     [outbox_ids] = uuid_type,        [outbox_exchanges] = text_type,
    [outbox_keys] = text_type,       [outbox_envelopes] = bytes_type, [outbox_bodies] = bytes_type,
    [confirmed_ids] = uuid_type,     [repeated_ids] = uuid_type,
};

/* The room for the messages of a batch. */
enum { message_size_max = 2048 };

static const struct role *role_of(const char *name) {
  static const struct role *const roles[] = {&order_role, &consumer_role, &kitchen_role, &accounting_role,
                                             &orchestrator_role};
  for (size_t place = 0; place < sizeof roles / sizeof *roles; place++) {
    if (strcmp(roles[place]->name, name) == 0) {
      return roles[place];
    }
  }
  return NULL;
}

static void set_types(struct service *service) {
  for (size_t place = 0; place < role_columns; place++) {
    service->columns[place].type = common_types[place];
  }
  for (size_t place = 0; service->role->column_types[place] != 0; place++) {
    service->columns[role_columns + place].type = service->role->column_types[place];
  }
}

static bool open_database(struct service *service, const char *connection_string, struct bench_failure *failure) {
  const char *const schemas[] = {common_schema, service->role->schema, NULL};
  const struct statement *const statements[] = {common_statements, service->role->statements, NULL};
  return database_open(&service->database, connection_string, schemas, statements, failure);
}

static bool serve(struct service *service, struct bench_session *consuming, struct bench_session *publishing,
                  struct bench_failure *failure) {
  const struct role *role = service->role;
  return bench_session_select_confirms(publishing, failure) && outlet_open(&service->outlet, publishing, failure) &&
         intake_open(&service->intake, consuming, role->queues, role->queue_count, failure) &&
         service_run(service, failure);
}

static bool read_url(char *url, struct bench_endpoint *endpoint, struct bench_failure *failure) {
  struct amqp_connection_info info;
  int status = amqp_parse_url(url, &info);
  if (status != AMQP_STATUS_OK) {
    return fail_with_status(failure, "the broker's URL", status);
  }
  *endpoint = (struct bench_endpoint){
      .host = info.host, .port = info.port, .user = info.user, .password = info.password, .vhost = info.vhost};
  return true;
}

static bool connect_and_serve(struct service *service, const struct bench_endpoint *endpoint,
                              struct bench_failure *failure) {
  struct bench_session *consuming = bench_session_open(endpoint, failure);
  struct bench_session *publishing = consuming != NULL ? bench_session_open(endpoint, failure) : NULL;
  bool is_served = publishing != NULL && serve(service, consuming, publishing, failure);
  if (publishing != NULL) {
    bench_session_close(publishing);
  }
  if (consuming != NULL) {
    bench_session_close(consuming);
  }
  return is_served;
}

bool bench_prototype_serve(const char *name, char *broker_url, const char *database_url,
                           struct bench_failure *failure) {
  static struct service service;
  static char room[message_count_max * message_size_max];
  service = (struct service){.role = role_of(name), .room = {.bytes = room, .size = sizeof room}};
  if (service.role == NULL) {
    return fail(failure, "there is no role '%s'", name);
  }
  /* Asked to end, it ends at once: what is not committed comes again. */
  signal(SIGTERM, SIG_DFL);
  set_types(&service);
  struct bench_endpoint endpoint;
  bool is_served = read_url(broker_url, &endpoint, failure) && open_database(&service, database_url, failure) &&
                   connect_and_serve(&service, &endpoint, failure);
  database_close(&service.database);
  return is_served;
}
