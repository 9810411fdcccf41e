/* Baseline for a whole saga: the services and the orchestrator in C, with the guarantees of the delivered ones. */
#pragma once
#include "amqp_session.h"

/* Is one of them, by its name: makes its tables in an empty database and serves until something fails.
   Its memory is the process's, so there is one in each. The broker's URL is taken apart in its place. */
bool bench_prototype_serve(const char *name, char *broker_url, const char *database_url,
                           struct bench_failure *failure);
