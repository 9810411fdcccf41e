/* Baseline for Postgres: libpq in pipeline mode, prepared, binary, one thread for all connections. */
#pragma once
#include "amqp_session.h"

struct bench_postgres;

/* Connects and prepares the statements of the outbox and of the saga step. NULL on failure, with the reason. */
struct bench_postgres *bench_postgres_open(const char *connection_string, struct bench_failure *failure);
void bench_postgres_close(struct bench_postgres *session);

/* How rows get into the outbox. */
enum bench_outbox_way {
  /* One INSERT after the other, each a transaction of its own. */
  bench_outbox_one_by_one,
  /* `batch` INSERTs and COMMIT in one round trip. */
  bench_outbox_pipelined,
  /* One INSERT of `batch` rows from two arrays, a transaction of its own. */
  bench_outbox_unnest,
  /* One COPY in binary of `batch` rows, a transaction of its own. */
  bench_outbox_copy,
};

/* Inserts rows numbered from 0 with a body of so many bytes. `row_count` is a multiple of `batch`. */
bool bench_postgres_outbox(struct bench_postgres *session, enum bench_outbox_way way, size_t row_count, size_t batch,
                           size_t body_size, struct bench_failure *failure);

/* Runs saga steps: `batch` of them in one transaction of two round trips, on all connections at once.
   A step is an inbox insert, a SELECT FOR UPDATE, an UPDATE and an outbox insert.
   `step_count` is a multiple of `batch * connection_count`. */
bool bench_postgres_saga(struct bench_postgres *const *sessions, size_t connection_count, size_t step_count,
                         size_t batch, size_t body_size, struct bench_failure *failure);

/* The sagas each connection has to itself, numbered from connection * bench_saga_count. */
enum { bench_saga_count = 1024 };
