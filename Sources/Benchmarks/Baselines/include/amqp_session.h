/* A broker connection of librabbitmq with one channel, as both C baselines use it. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bench_endpoint {
  const char *host;
  int port;
  const char *user;
  const char *password;
  const char *vhost;
};

/* The work, the same for every side. */
struct bench_load {
  const char *queue;
  size_t message_count;
  size_t body_size;
  /* Publishing: the most messages without their confirm. Consuming: the prefetch. */
  size_t window;
  /* Consuming: one acknowledgement, with "multiple", for so many deliveries. */
  size_t ack_every;
};

/* Why a call failed, in words, with the broker's reason if it gave one. */
struct bench_failure {
  char text[320];
};

struct bench_session;

enum { bench_message_id_size = 36 };

/* Connects, logs in without heartbeats and opens a channel. NULL on failure, with the reason. */
struct bench_session *bench_session_open(const struct bench_endpoint *endpoint, struct bench_failure *failure);
void bench_session_close(struct bench_session *session);

/* Puts the channel into confirm mode, once for each session before its first publish. */
bool bench_session_select_confirms(struct bench_session *session, struct bench_failure *failure);

/* Declares a durable quorum queue that holds nothing: one of that name is deleted first. */
bool bench_queue_create(const struct bench_endpoint *endpoint, const char *queue, struct bench_failure *failure);
bool bench_queue_delete(const struct bench_endpoint *endpoint, const char *queue, struct bench_failure *failure);

/* Writes the id of a message, in the shape of a UUID, without a closing zero. */
void bench_message_id(char *id, uint64_t number);
