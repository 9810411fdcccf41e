/* Baseline "plain C": amqp_basic_publish and amqp_consume_message as the library's examples use them. */
#pragma once
#include "amqp_session.h"

/* Publishes persistent, mandatory messages and returns once all are confirmed.
   latencies_ns takes the time from publish to confirm of each message in turn; it may be NULL, and needs window 1. */
bool bench_plain_publish(struct bench_session *session, const struct bench_load *load, uint64_t *latencies_ns,
                         struct bench_failure *failure);

/* Consumes and acknowledges message_count messages. */
bool bench_plain_consume(struct bench_session *session, const struct bench_load *load, struct bench_failure *failure);
