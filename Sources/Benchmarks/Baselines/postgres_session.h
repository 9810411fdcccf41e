/* A libpq connection and how its pipeline is awaited. */
#pragma once
#include <libpq-fe.h>
#include <stdint.h>

#include "postgres_loop.h"
#include "session.h"

enum { uuid_size = 16, header_size_max = 20 };

struct bench_postgres {
  PGconn *connection;
  /* A saga step's place: 0 while the reads are under way, 1 while the writes are. */
  int phase;
  /* Steps done, and the first step of the transaction under way. */
  size_t done;
  size_t first;
  /* Of what was read, so that reading is not left out. */
  uint64_t checksum;
};

bool fail_with_connection(struct bench_failure *failure, const char *what, PGconn *connection);

/* Queues an execution of a prepared statement, everything in binary. */
bool put(PGconn *connection, const char *name, int count, const char *const *values, const int *lengths,
         struct bench_failure *failure);

/* Ends the group and writes it. */
bool synchronise(PGconn *connection, struct bench_failure *failure);

/* Takes what has been read. `is_reached` says whether the synchronisation point has come. */
bool take_results(struct bench_postgres *session, bool *is_reached, struct bench_failure *failure);

/* Waits for the synchronisation point of one connection. */
bool await_synchronisation(struct bench_postgres *session, struct bench_failure *failure);

/* The id of a row, as the Swift side makes it. */
void row_id(char *id, uint64_t number);

/* A big-endian integer. */
void put_uint32(char *place, uint32_t value);
void put_uint64(char *place, uint64_t value);
