#include <stdlib.h>
#include <string.h>

#include "postgres_session.h"

static bool insert_one_by_one(PGconn *connection, size_t row_count, const char *body, size_t body_size,
                              struct bench_failure *failure) {
  static const int binary[] = {1, 1};
  for (size_t row = 0; row < row_count; row++) {
    char id[uuid_size];
    row_id(id, row);
    const char *values[] = {id, body};
    int lengths[] = {uuid_size, (int)body_size};
    PGresult *result = PQexecPrepared(connection, "outbox", 2, values, lengths, binary, 1);
    bool is_done = PQresultStatus(result) == PGRES_COMMAND_OK;
    PQclear(result);
    if (!is_done) {
      return fail_with_connection(failure, "insert", connection);
    }
  }
  return true;
}

static bool insert_pipelined(struct bench_postgres *session, size_t row_count, size_t batch, const char *body, size_t body_size,
                             struct bench_failure *failure) {
  PGconn *connection = session->connection;
  for (size_t first = 0; first < row_count; first += batch) {
    if (!put(connection, "begin", 0, NULL, NULL, failure)) {
      return false;
    }
    for (size_t row = first; row < first + batch; row++) {
      char id[uuid_size];
      row_id(id, row);
      const char *values[] = {id, body};
      int lengths[] = {uuid_size, (int)body_size};
      if (!put(connection, "outbox", 2, values, lengths, failure)) {
        return false;
      }
    }
    if (!put(connection, "commit", 0, NULL, NULL, failure) || !synchronise(connection, failure) ||
        !await_synchronisation(session, failure)) {
      return false;
    }
  }
  return true;
}

/* The head of an array of one dimension: dimensions, no nulls, element type, count, lower bound. */
static size_t put_array_head(char *place, uint32_t element_type, size_t count) {
  put_uint32(place, 1);
  put_uint32(place + 4, 0);
  put_uint32(place + 8, element_type);
  put_uint32(place + 12, (uint32_t)count);
  put_uint32(place + 16, 1);
  return header_size_max;
}

enum { uuid_oid = 2950, bytea_oid = 17 };

static bool insert_arrays(struct bench_postgres *session, size_t row_count, size_t batch, const char *body, size_t body_size,
                          struct bench_failure *failure) {
  PGconn *connection = session->connection;
  size_t ids_size = header_size_max + batch * (4 + uuid_size);
  size_t bodies_size = header_size_max + batch * (4 + body_size);
  char *ids = malloc(ids_size);
  char *bodies = malloc(bodies_size);
  bool is_done = ids != NULL && bodies != NULL;
  for (size_t first = 0; is_done && first < row_count; first += batch) {
    char *id = ids + put_array_head(ids, uuid_oid, batch);
    char *place = bodies + put_array_head(bodies, bytea_oid, batch);
    for (size_t row = first; row < first + batch; row++) {
      put_uint32(id, uuid_size);
      row_id(id + 4, row);
      id += 4 + uuid_size;
      put_uint32(place, (uint32_t)body_size);
      memcpy(place + 4, body, body_size);
      place += 4 + body_size;
    }
    const char *values[] = {ids, bodies};
    int lengths[] = {(int)ids_size, (int)bodies_size};
    is_done = put(connection, "outbox_arrays", 2, values, lengths, failure) && synchronise(connection, failure) &&
              await_synchronisation(session, failure);
  }
  free(ids);
  free(bodies);
  return is_done;
}

enum { copy_chunk_size = 65536 };

/* Rows gather in a chunk, which libpq then takes whole. */
static bool copy_rows(PGconn *connection, size_t first, size_t batch, const char *body, size_t body_size,
                      struct bench_failure *failure) {
  static const char signature[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0";
  char chunk[copy_chunk_size];
  size_t size = sizeof signature;
  memcpy(chunk, signature, size);
  for (size_t row = first; row < first + batch; row++) {
    if (size + 2 + 4 + uuid_size + 4 + body_size + 2 > sizeof chunk) {
      if (PQputCopyData(connection, chunk, (int)size) != 1) {
        return fail_with_connection(failure, "copy data", connection);
      }
      size = 0;
    }
    char *place = chunk + size;
    place[0] = 0;
    place[1] = 2;
    put_uint32(place + 2, uuid_size);
    row_id(place + 6, row);
    put_uint32(place + 22, (uint32_t)body_size);
    memcpy(place + 26, body, body_size);
    size += 26 + body_size;
  }
  memset(chunk + size, 0xff, 2);
  return (PQputCopyData(connection, chunk, (int)size + 2) == 1 && PQputCopyEnd(connection, NULL) == 1) ||
         fail_with_connection(failure, "copy end", connection);
}

static bool insert_by_copy(PGconn *connection, size_t row_count, size_t batch, const char *body, size_t body_size,
                           struct bench_failure *failure) {
  for (size_t first = 0; first < row_count; first += batch) {
    PGresult *result = PQexec(connection, "COPY outbox (id, body) FROM STDIN (FORMAT binary)");
    bool is_open = PQresultStatus(result) == PGRES_COPY_IN;
    PQclear(result);
    if (!is_open) {
      return fail_with_connection(failure, "copy", connection);
    }
    if (!copy_rows(connection, first, batch, body, body_size, failure)) {
      return false;
    }
    bool is_done = true;
    while ((result = PQgetResult(connection)) != NULL) {
      is_done = is_done && PQresultStatus(result) == PGRES_COMMAND_OK;
      PQclear(result);
    }
    if (!is_done) {
      return fail_with_connection(failure, "copy", connection);
    }
  }
  return true;
}

bool bench_postgres_outbox(struct bench_postgres *session, enum bench_outbox_way way, size_t row_count, size_t batch,
                           size_t body_size, struct bench_failure *failure) {
  char *body = malloc(body_size);
  if (body == NULL) {
    return fail(failure, "no memory for a body");
  }
  memset(body, 'x', body_size);
  PGconn *connection = session->connection;
  bool is_done = false;
  bool is_pipelined = way == bench_outbox_pipelined || way == bench_outbox_unnest;
  if (is_pipelined) {
    PQsetnonblocking(connection, 1);
    PQenterPipelineMode(connection);
  }
  switch (way) {
    case bench_outbox_one_by_one:
      is_done = insert_one_by_one(connection, row_count, body, body_size, failure);
      break;
    case bench_outbox_pipelined:
      is_done = insert_pipelined(session, row_count, batch, body, body_size, failure);
      break;
    case bench_outbox_unnest:
      is_done = insert_arrays(session, row_count, batch, body, body_size, failure);
      break;
    case bench_outbox_copy:
      is_done = insert_by_copy(connection, row_count, batch, body, body_size, failure);
      break;
  }
  free(body);
  return is_done;
}
