#include "prototype_database.h"

#include <stdlib.h>
#include <string.h>

#include "postgres_session.h"

/* Dimensions, whether there are nulls, type, length, lower bound: then each element behind its size. */
enum { array_head_size = 20, element_head_size = 4 };

static bool reserve(struct column *column, size_t size, struct bench_failure *failure) {
  if (column->capacity >= size) {
    return true;
  }
  size_t capacity = size * 2 + 1024;
  char *bytes = realloc(column->bytes, capacity);
  if (bytes == NULL) {
    return fail(failure, "no memory for a column");
  }
  column->bytes = bytes;
  column->capacity = capacity;
  return true;
}

bool column_add(struct column *column, const void *bytes, size_t size, struct bench_failure *failure) {
  size_t start = column->count == 0 ? array_head_size : column->size;
  if (!reserve(column, start + element_head_size + size, failure)) {
    return false;
  }
  put_uint32(column->bytes + start, (uint32_t)size);
  if (size > 0) {
    memcpy(column->bytes + start + element_head_size, bytes, size);
  }
  column->size = start + element_head_size + size;
  column->count++;
  return true;
}

bool column_add_text(struct column *column, struct text text, struct bench_failure *failure) {
  return column_add(column, text.bytes, text.size, failure);
}

bool column_add_number(struct column *column, int64_t number, struct bench_failure *failure) {
  char bytes[sizeof number];
  put_uint64(bytes, (uint64_t)number);
  return column_add(column, bytes, sizeof bytes, failure);
}

bool column_add_bool(struct column *column, bool value, struct bench_failure *failure) {
  char byte = value;
  return column_add(column, &byte, 1, failure);
}

void column_clear(struct column *column) { column->count = 0; }

static void write_head(struct column *column) {
  put_uint32(column->bytes, 1);
  put_uint32(column->bytes + 4, 0);
  put_uint32(column->bytes + 8, column->type);
  put_uint32(column->bytes + 12, column->count);
  put_uint32(column->bytes + 16, 1);
}

static bool execute(PGconn *connection, const char *sql, struct bench_failure *failure) {
  PGresult *result = PQexec(connection, sql);
  ExecStatusType status = PQresultStatus(result);
  PQclear(result);
  return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || fail_with_connection(failure, "setup", connection);
}

static bool prepare_all(PGconn *connection, const struct statement *statement, struct bench_failure *failure) {
  for (; statement->name != NULL; statement++) {
    PGresult *result = PQprepare(connection, statement->name, statement->text, 0, NULL);
    bool is_prepared = PQresultStatus(result) == PGRES_COMMAND_OK;
    PQclear(result);
    if (!is_prepared) {
      return fail_with_connection(failure, statement->name, connection);
    }
  }
  return true;
}

/* Rows are found by key, a batch at a time; see the participant's settings, which say the same. */
static const char settings[] =
    "SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan; SET jit = off;"
    "SET client_min_messages = warning";

bool database_open(struct database *database, const char *connection_string, const char *const *schemas,
                   const struct statement *const *statements, struct bench_failure *failure) {
  *database = (struct database){.connection = PQconnectdb(connection_string)};
  PGconn *connection = database->connection;
  if (PQstatus(connection) != CONNECTION_OK) {
    return fail_with_connection(failure, "connect", connection);
  }
  if (!execute(connection, settings, failure)) {
    return false;
  }
  for (; *schemas != NULL; schemas++) {
    if (!execute(connection, *schemas, failure)) {
      return false;
    }
  }
  for (; *statements != NULL; statements++) {
    if (!prepare_all(connection, *statements, failure)) {
      return false;
    }
  }
  return PQenterPipelineMode(connection) == 1 || fail_with_connection(failure, "pipeline", connection);
}

void database_close(struct database *database) { PQfinish(database->connection); }

bool database_put(struct database *database, const char *name, struct column *const *columns, result_handler *handler,
                  struct bench_failure *failure) {
  static const int binary[parameter_count_max] = {1, 1, 1, 1, 1, 1, 1, 1};
  const char *values[parameter_count_max];
  int lengths[parameter_count_max], count = 0;
  for (; columns != NULL && columns[count] != NULL; count++) {
    struct column *column = columns[count];
    write_head(column);
    values[count] = column->bytes;
    lengths[count] = (int)column->size;
  }
  if (database->queued_count == pipeline_length_max) {
    return fail(failure, "%s: the pipeline is full", name);
  }
  database->handlers[database->queued_count++] = handler;
  return PQsendQueryPrepared(database->connection, name, count, values, lengths, binary, 1) == 1 ||
         fail_with_connection(failure, name, database->connection);
}

/* Classes 22, data exception, and 23, integrity constraint violation. */
static bool is_refusal(const PGresult *result) {
  const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  return state != NULL && state[0] == '2' && (state[1] == '2' || state[1] == '3');
}

/* The results of one statement: itself, and NULL behind it. What stands behind a refusal was not run. */
static bool take_result(struct database *database, result_handler *handler, void *context, bool *is_refused,
                        struct bench_failure *failure) {
  PGresult *result = PQgetResult(database->connection);
  ExecStatusType status = PQresultStatus(result);
  bool is_taken = true;
  if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) {
    is_taken = handler == NULL || handler(context, result, failure);
  } else if (is_refused != NULL && (*is_refused || is_refusal(result))) {
    *is_refused = true;
  } else {
    is_taken = fail(failure, "pipeline: %s", PQresultErrorMessage(result));
  }
  PQclear(result);
  PQclear(PQgetResult(database->connection));
  return is_taken;
}

bool database_run(struct database *database, void *context, bool *is_refused, struct bench_failure *failure) {
  PGconn *connection = database->connection;
  if (PQpipelineSync(connection) != 1) {
    return fail_with_connection(failure, "sync", connection);
  }
  for (size_t place = 0; place < database->queued_count; place++) {
    if (!take_result(database, database->handlers[place], context, is_refused, failure)) {
      return false;
    }
  }
  database->queued_count = 0;
  PGresult *result = PQgetResult(connection);
  bool is_reached = PQresultStatus(result) == PGRES_PIPELINE_SYNC;
  PQclear(result);
  return is_reached || fail(failure, "sync: the pipeline went on");
}

struct text row_text(const PGresult *result, int row, int column) {
  return (struct text){.bytes = PQgetvalue(result, row, column), .size = (size_t)PQgetlength(result, row, column)};
}

int64_t row_number(const PGresult *result, int row, int column) {
  uint64_t value = 0;
  memcpy(&value, PQgetvalue(result, row, column), sizeof value);
  return (int64_t)__builtin_bswap64(value);
}

bool row_bool(const PGresult *result, int row, int column) { return *PQgetvalue(result, row, column) != 0; }
