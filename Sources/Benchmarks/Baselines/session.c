#include "session.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

bool fail(struct bench_failure *failure, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(failure->text, sizeof failure->text, format, arguments);
  va_end(arguments);
  return false;
}

bool fail_with_status(struct bench_failure *failure, const char *what, int status) {
  return fail(failure, "%s: %s", what, amqp_error_string2(status));
}

bool fail_with_method(struct bench_failure *failure, const char *what, const amqp_method_t *method) {
  if (method->id == AMQP_CHANNEL_CLOSE_METHOD) {
    const amqp_channel_close_t *close = method->decoded;
    return fail(failure, "%s: the broker closed the channel: %u %.*s", what, close->reply_code,
                (int)close->reply_text.len, (const char *)close->reply_text.bytes);
  }
  if (method->id == AMQP_CONNECTION_CLOSE_METHOD) {
    const amqp_connection_close_t *close = method->decoded;
    return fail(failure, "%s: the broker closed the connection: %u %.*s", what, close->reply_code,
                (int)close->reply_text.len, (const char *)close->reply_text.bytes);
  }
  const char *name = amqp_method_name(method->id);
  return fail(failure, "%s: unexpected %s", what, name ? name : "method");
}

bool fail_with_reply(struct bench_failure *failure, const char *what, amqp_rpc_reply_t reply) {
  switch (reply.reply_type) {
    case AMQP_RESPONSE_SERVER_EXCEPTION: return fail_with_method(failure, what, &reply.reply);
    case AMQP_RESPONSE_LIBRARY_EXCEPTION: return fail_with_status(failure, what, reply.library_error);
    default: return fail(failure, "%s: no answer", what);
  }
}

static bool connect_and_login(amqp_connection_state_t connection, const struct bench_endpoint *endpoint,
                              struct bench_failure *failure) {
  amqp_socket_t *socket = amqp_tcp_socket_new(connection);
  if (socket == NULL) {
    return fail(failure, "no memory for a socket");
  }
  int status = amqp_socket_open(socket, endpoint->host, endpoint->port);
  if (status != AMQP_STATUS_OK) {
    return fail_with_status(failure, "connect", status);
  }
  amqp_rpc_reply_t reply = amqp_login(connection, endpoint->vhost, 0, frame_size_max, 0, AMQP_SASL_METHOD_PLAIN,
                                      endpoint->user, endpoint->password);
  if (reply.reply_type != AMQP_RESPONSE_NORMAL) {
    return fail_with_reply(failure, "login", reply);
  }
  amqp_channel_open(connection, channel_number);
  reply = amqp_get_rpc_reply(connection);
  return reply.reply_type == AMQP_RESPONSE_NORMAL || fail_with_reply(failure, "channel.open", reply);
}

struct bench_session *bench_session_open(const struct bench_endpoint *endpoint, struct bench_failure *failure) {
  struct bench_session *session = calloc(1, sizeof *session);
  if (session == NULL || (session->connection = amqp_new_connection()) == NULL) {
    free(session);
    fail(failure, "no memory for a connection");
    return NULL;
  }
  if (!connect_and_login(session->connection, endpoint, failure)) {
    bench_session_close(session);
    return NULL;
  }
  return session;
}

/* Closes the socket without the closing handshake: after a measurement nothing is left to be said. */
void bench_session_close(struct bench_session *session) {
  amqp_destroy_connection(session->connection);
  free(session);
}

bool bench_session_select_confirms(struct bench_session *session, struct bench_failure *failure) {
  amqp_confirm_select(session->connection, channel_number);
  amqp_rpc_reply_t reply = amqp_get_rpc_reply(session->connection);
  return reply.reply_type == AMQP_RESPONSE_NORMAL || fail_with_reply(failure, "confirm.select", reply);
}

static bool declare_quorum_queue(struct bench_session *session, const char *queue, struct bench_failure *failure) {
  amqp_table_entry_t type = {.key = amqp_cstring_bytes("x-queue-type"),
                             .value = {.kind = AMQP_FIELD_KIND_UTF8, .value.bytes = amqp_cstring_bytes("quorum")}};
  amqp_table_t arguments = {.num_entries = 1, .entries = &type};
  amqp_queue_declare(session->connection, channel_number, amqp_cstring_bytes(queue), 0, 1, 0, 0, arguments);
  amqp_rpc_reply_t reply = amqp_get_rpc_reply(session->connection);
  return reply.reply_type == AMQP_RESPONSE_NORMAL || fail_with_reply(failure, "queue.declare", reply);
}

static bool delete_queue(struct bench_session *session, const char *queue, struct bench_failure *failure) {
  amqp_queue_delete(session->connection, channel_number, amqp_cstring_bytes(queue), 0, 0);
  amqp_rpc_reply_t reply = amqp_get_rpc_reply(session->connection);
  return reply.reply_type == AMQP_RESPONSE_NORMAL || fail_with_reply(failure, "queue.delete", reply);
}

bool bench_queue_create(const struct bench_endpoint *endpoint, const char *queue, struct bench_failure *failure) {
  struct bench_session *session = bench_session_open(endpoint, failure);
  if (session == NULL) {
    return false;
  }
  bool is_created = delete_queue(session, queue, failure) && declare_quorum_queue(session, queue, failure);
  bench_session_close(session);
  return is_created;
}

bool bench_queue_delete(const struct bench_endpoint *endpoint, const char *queue, struct bench_failure *failure) {
  struct bench_session *session = bench_session_open(endpoint, failure);
  if (session == NULL) {
    return false;
  }
  bool is_deleted = delete_queue(session, queue, failure);
  bench_session_close(session);
  return is_deleted;
}

void bench_message_id(char *id, uint64_t number) {
  memcpy(id, "01930f5a-0000-7000-8000-000000000000", bench_message_id_size);
  for (char *digit = id + bench_message_id_size - 1; number > 0; number /= 10) {
    *digit-- = (char)('0' + number % 10);
  }
}

uint64_t monotonic_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}
