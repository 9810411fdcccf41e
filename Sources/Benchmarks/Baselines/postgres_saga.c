#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "postgres_session.h"

struct saga_run {
  size_t batch;
  /* Steps each connection has to do. */
  size_t step_count;
  const char *body;
  size_t body_size;
};

/* Steps of all connections are numbered through, so that no two have one inbox id. */
static uint64_t step_number(size_t place, const struct saga_run *run, size_t step) {
  return (uint64_t)place * run->step_count + step;
}

static void saga_id(char *id, size_t place, size_t step) {
  row_id(id, (uint64_t)place * bench_saga_count + step % bench_saga_count);
}

/* First round trip: BEGIN, and for each step the inbox insert and the locked read. */
static bool send_reads(struct bench_postgres *session, size_t place, const struct saga_run *run,
                       struct bench_failure *failure) {
  PGconn *connection = session->connection;
  static const int lengths[] = {uuid_size};
  if (!put(connection, "begin", 0, NULL, NULL, failure)) {
    return false;
  }
  for (size_t step = session->first; step < session->first + run->batch; step++) {
    char message[uuid_size], saga[uuid_size];
    row_id(message, step_number(place, run, step));
    saga_id(saga, place, step);
    const char *inbox[] = {message}, *load[] = {saga};
    if (!put(connection, "inbox", 1, inbox, lengths, failure) ||
        !put(connection, "load", 1, load, lengths, failure)) {
      return false;
    }
  }
  session->phase = 0;
  return synchronise(connection, failure);
}

/* Second round trip: for each step the update and the outbox insert, then COMMIT. */
static bool send_writes(struct bench_postgres *session, size_t place, const struct saga_run *run,
                        struct bench_failure *failure) {
  PGconn *connection = session->connection;
  for (size_t step = session->first; step < session->first + run->batch; step++) {
    char saga[uuid_size], message[uuid_size], state[4], version[4];
    saga_id(saga, place, step);
    row_id(message, step_number(place, run, step));
    put_uint32(state, (uint32_t)step);
    put_uint32(version, (uint32_t)step);
    const char *save[] = {saga, state, version}, *outbox[] = {message, run->body};
    const int save_lengths[] = {uuid_size, 4, 4}, outbox_lengths[] = {uuid_size, (int)run->body_size};
    if (!put(connection, "save", 3, save, save_lengths, failure) ||
        !put(connection, "outbox", 2, outbox, outbox_lengths, failure)) {
      return false;
    }
  }
  session->phase = 1;
  return put(connection, "commit", 0, NULL, NULL, failure) && synchronise(connection, failure);
}

/* Goes on behind a synchronisation point. */
static bool advance(struct bench_postgres *session, size_t place, const struct saga_run *run,
                    struct bench_failure *failure) {
  if (session->phase == 0) {
    return send_writes(session, place, run, failure);
  }
  session->done += run->batch;
  session->first += run->batch;
  return session->done == run->step_count || send_reads(session, place, run, failure);
}

static bool serve(struct bench_postgres *session, size_t place, const struct saga_run *run, struct pollfd *wait,
                  struct bench_failure *failure) {
  bool is_reached = false;
  if (wait->revents != 0) {
    if (PQconsumeInput(session->connection) != 1) {
      return fail_with_connection(failure, "read", session->connection);
    }
    if (!take_results(session, &is_reached, failure) ||
        (is_reached && !advance(session, place, run, failure))) {
      return false;
    }
  }
  int is_blocked = PQflush(session->connection);
  wait->events = is_blocked > 0 ? POLLIN | POLLOUT : POLLIN;
  return is_blocked >= 0 || fail_with_connection(failure, "flush", session->connection);
}

static bool run_saga(struct bench_postgres *const *sessions, size_t count, const struct saga_run *run,
                     struct pollfd *waits, struct bench_failure *failure) {
  for (size_t place = 0; place < count; place++) {
    struct bench_postgres *session = sessions[place];
    PQsetnonblocking(session->connection, 1);
    PQenterPipelineMode(session->connection);
    session->done = session->first = 0;
    waits[place] = (struct pollfd){.fd = PQsocket(session->connection), .events = POLLIN};
    if (!send_reads(session, place, run, failure)) {
      return false;
    }
  }
  for (;;) {
    size_t done = 0;
    for (size_t place = 0; place < count; place++) {
      done += sessions[place]->done;
    }
    if (done == count * run->step_count) {
      return true;
    }
    poll(waits, count, -1);
    for (size_t place = 0; place < count; place++) {
      if (!serve(sessions[place], place, run, &waits[place], failure)) {
        return false;
      }
    }
  }
}

bool bench_postgres_saga(struct bench_postgres *const *sessions, size_t connection_count, size_t step_count,
                         size_t batch, size_t body_size, struct bench_failure *failure) {
  char *body = malloc(body_size);
  struct pollfd *waits = calloc(connection_count, sizeof *waits);
  bool is_done = body != NULL && waits != NULL;
  if (is_done) {
    memset(body, 'x', body_size);
    struct saga_run run = {
        .batch = batch, .step_count = step_count / connection_count, .body = body, .body_size = body_size};
    is_done = run_saga(sessions, connection_count, &run, waits, failure);
  }
  free(body);
  free(waits);
  return is_done;
}
