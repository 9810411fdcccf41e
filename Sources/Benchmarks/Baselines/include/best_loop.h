/* Baseline "best C": librabbitmq as codec only, own socket loop, one send for each batch, own reassembly. */
#pragma once
#include "amqp_session.h"

/* As bench_plain_publish. The session's socket is driven past the library; afterwards it can only be closed. */
bool bench_best_publish(struct bench_session *session, const struct bench_load *load, uint64_t *latencies_ns,
                        struct bench_failure *failure);

/* As bench_plain_consume. The session's socket is driven past the library; afterwards it can only be closed. */
bool bench_best_consume(struct bench_session *session, const struct bench_load *load, struct bench_failure *failure);
