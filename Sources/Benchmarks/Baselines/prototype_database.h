/* A pipeline of prepared statements over columns: every parameter is an array, in binary. */
#pragma once
#include <libpq-fe.h>

#include "prototype_text.h"
#include "session.h"

/* The types of the elements, by their numbers in pg_type. */
enum { bool_type = 16, bytes_type = 17, number_type = 20, text_type = 25, uuid_type = 2950 };

/* An array that grows. */
struct column {
  uint32_t type;
  uint32_t count;
  char *bytes;
  size_t size;
  size_t capacity;
};

bool column_add(struct column *column, const void *bytes, size_t size, struct bench_failure *failure);
bool column_add_text(struct column *column, struct text text, struct bench_failure *failure);
bool column_add_number(struct column *column, int64_t number, struct bench_failure *failure);
bool column_add_bool(struct column *column, bool value, struct bench_failure *failure);
void column_clear(struct column *column);

struct statement {
  const char *name;
  const char *text;
};

/* Takes the rows of a statement, or what it did. */
typedef bool result_handler(void *context, const PGresult *result, struct bench_failure *failure);

enum { pipeline_length_max = 16, parameter_count_max = 8 };

struct database {
  PGconn *connection;
  /* Who takes the results of what was queued since the last wait. */
  result_handler *handlers[pipeline_length_max];
  size_t queued_count;
};

/* Connects, makes the tables and prepares the statements, which end with one without a name. */
bool database_open(struct database *database, const char *connection_string, const char *const *schemas,
                   const struct statement *const *statements, struct bench_failure *failure);
void database_close(struct database *database);

/* Queues a statement; the columns end with NULL. */
bool database_put(struct database *database, const char *name, struct column *const *columns, result_handler *handler,
                  struct bench_failure *failure);

/* Sends what is queued in one go and waits for all results.
   A row that is there already or a guard that divides by zero is no failure if somebody takes is_refused. */
bool database_run(struct database *database, void *context, bool *is_refused, struct bench_failure *failure);

struct text row_text(const PGresult *result, int row, int column);
int64_t row_number(const PGresult *result, int row, int column);
bool row_bool(const PGresult *result, int row, int column);
