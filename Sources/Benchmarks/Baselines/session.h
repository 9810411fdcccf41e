/* What the baselines share among themselves. */
#pragma once
#if __has_include(<rabbitmq-c/amqp.h>)
#include <rabbitmq-c/amqp.h>
#include <rabbitmq-c/framing.h>
#include <rabbitmq-c/tcp_socket.h>
#else
#include <amqp.h>
#include <amqp_framing.h>
#include <amqp_tcp_socket.h>
#endif

#include "amqp_session.h"

enum { channel_number = 1, frame_size_max = 131072 };

struct bench_session {
  amqp_connection_state_t connection;
  /* Publishes so far; the broker numbers confirms from 1 for each channel. */
  uint64_t published;
};

/* Fills the failure from a printf format; false, so that it can be returned. */
bool fail(struct bench_failure *failure, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool fail_with_status(struct bench_failure *failure, const char *what, int status);
bool fail_with_reply(struct bench_failure *failure, const char *what, amqp_rpc_reply_t reply);

/* Names a method that ends the channel or connection, or was not expected. */
bool fail_with_method(struct bench_failure *failure, const char *what, const amqp_method_t *method);

/* Nanoseconds of the monotonic clock. */
uint64_t monotonic_now(void);
