/* The C that Skald is measured against, and the counters of the measuring process. */
#pragma once
#include "allocation_count.h"
#include "amqp_session.h"
#include "best_loop.h"
#include "null_sink.h"
#include "plain_loop.h"
#include "postgres_loop.h"
#include "prototype.h"
#include "write_count.h"
