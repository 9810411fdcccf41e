/* A stand-in for a broker that confirms every message and keeps none: what is left is the client's own cost. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "amqp_session.h"

/* The name of its thread, whose processor time is not the client's. */
#define BENCH_NULL_SINK_THREAD "null-sink"

struct bench_null_sink;

/* Listens on a free port of the loopback and serves all connections on one thread of its own. NULL on failure. */
struct bench_null_sink *bench_null_sink_start(struct bench_failure *failure);
int bench_null_sink_port(const struct bench_null_sink *sink);

/* The whole messages received so far, on all connections. */
uint64_t bench_null_sink_message_count(const struct bench_null_sink *sink);

/* Ends the thread and frees the sink. */
void bench_null_sink_stop(struct bench_null_sink *sink);
