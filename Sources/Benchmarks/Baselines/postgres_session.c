#include "postgres_session.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

bool fail_with_connection(struct bench_failure *failure, const char *what, PGconn *connection) {
  return fail(failure, "%s: %s", what, PQerrorMessage(connection));
}

void put_uint32(char *place, uint32_t value) {
  value = __builtin_bswap32(value);
  memcpy(place, &value, sizeof value);
}

void put_uint64(char *place, uint64_t value) {
  value = __builtin_bswap64(value);
  memcpy(place, &value, sizeof value);
}

static uint32_t get_uint32(const char *place) {
  uint32_t value;
  memcpy(&value, place, sizeof value);
  return __builtin_bswap32(value);
}

void row_id(char *id, uint64_t number) {
  put_uint64(id, UINT64_C(0x01930f5a00007000));
  put_uint64(id + 8, UINT64_C(0x8000000000000000) | number);
}

static bool prepare(PGconn *connection, const char *name, const char *text, struct bench_failure *failure) {
  PGresult *result = PQprepare(connection, name, text, 0, NULL);
  bool is_done = PQresultStatus(result) == PGRES_COMMAND_OK;
  PQclear(result);
  return is_done || fail_with_connection(failure, name, connection);
}

static bool prepare_all(PGconn *connection, struct bench_failure *failure) {
  return prepare(connection, "begin", "BEGIN", failure) && prepare(connection, "commit", "COMMIT", failure) &&
         prepare(connection, "outbox", "INSERT INTO outbox (id, body) VALUES ($1::uuid, $2::bytea)", failure) &&
         prepare(connection, "outbox_arrays",
                 "INSERT INTO outbox (id, body) SELECT * FROM unnest($1::uuid[], $2::bytea[])", failure) &&
         prepare(connection, "inbox", "INSERT INTO inbox (id) VALUES ($1::uuid)", failure) &&
         prepare(connection, "load", "SELECT state, version FROM saga WHERE id = $1::uuid FOR UPDATE", failure) &&
         prepare(connection, "save", "UPDATE saga SET state = $2::int, version = $3::int WHERE id = $1::uuid",
                 failure);
}

struct bench_postgres *bench_postgres_open(const char *connection_string, struct bench_failure *failure) {
  struct bench_postgres *session = calloc(1, sizeof *session);
  if (session == NULL) {
    fail(failure, "no memory for a connection");
    return NULL;
  }
  session->connection = PQconnectdb(connection_string);
  if (PQstatus(session->connection) != CONNECTION_OK) {
    fail_with_connection(failure, "connect", session->connection);
  } else if (prepare_all(session->connection, failure)) {
    return session;
  }
  bench_postgres_close(session);
  return NULL;
}

void bench_postgres_close(struct bench_postgres *session) {
  PQfinish(session->connection);
  free(session);
}

bool put(PGconn *connection, const char *name, int count, const char *const *values, const int *lengths,
         struct bench_failure *failure) {
  static const int binary[] = {1, 1, 1, 1};
  return PQsendQueryPrepared(connection, name, count, values, lengths, binary, 1) == 1 ||
         fail_with_connection(failure, name, connection);
}

bool synchronise(PGconn *connection, struct bench_failure *failure) {
  return PQpipelineSync(connection) == 1 || fail_with_connection(failure, "sync", connection);
}

/* Takes state and version out of the answer of a read. */
static void read_saga(struct bench_postgres *session, const PGresult *result) {
  if (PQntuples(result) == 1 && PQgetlength(result, 0, 0) == 4 && PQgetlength(result, 0, 1) == 4) {
    session->checksum += get_uint32(PQgetvalue(result, 0, 0)) + get_uint32(PQgetvalue(result, 0, 1));
  }
}

bool take_results(struct bench_postgres *session, bool *is_reached, struct bench_failure *failure) {
  PGconn *connection = session->connection;
  *is_reached = false;
  while (!PQisBusy(connection)) {
    PGresult *result = PQgetResult(connection);
    if (result == NULL) {
      continue;
    }
    ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_PIPELINE_SYNC) {
      PQclear(result);
      *is_reached = true;
      return true;
    }
    if (status == PGRES_TUPLES_OK) {
      read_saga(session, result);
    } else if (status != PGRES_COMMAND_OK) {
      fail(failure, "pipeline: %s", PQresultErrorMessage(result));
      PQclear(result);
      return false;
    }
    PQclear(result);
  }
  return true;
}

bool await_synchronisation(struct bench_postgres *session, struct bench_failure *failure) {
  PGconn *connection = session->connection;
  bool is_reached = false;
  while (!is_reached) {
    int is_blocked = PQflush(connection);
    if (is_blocked < 0) {
      return fail_with_connection(failure, "flush", connection);
    }
    struct pollfd wait = {.fd = PQsocket(connection), .events = POLLIN};
    if (is_blocked) {
      wait.events |= POLLOUT;
    }
    poll(&wait, 1, -1);
    if (PQconsumeInput(connection) != 1) {
      return fail_with_connection(failure, "read", connection);
    }
    if (!take_results(session, &is_reached, failure)) {
      return false;
    }
  }
  return true;
}
