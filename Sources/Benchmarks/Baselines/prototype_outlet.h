/* What is published on one connection, and which of it the broker has confirmed. */
#pragma once
#include "confirm_window.h"
#include "prototype_message.h"
#include "wire.h"

struct outlet {
  struct wire wire;
  struct confirm_window window;
  /* A ring by tag: the id of each message whose outbox row may still stand. */
  uint8_t (*ids)[id_size];
  /* The oldest tag whose row stands. */
  uint64_t first_stored;
  unsigned frame_count;
};

/* The session's channel is in confirm mode. */
bool outlet_open(struct outlet *outlet, struct bench_session *session, struct bench_failure *failure);
void outlet_close(struct outlet *outlet);

bool outlet_append(struct outlet *outlet, const struct outgoing *message, struct bench_failure *failure);
bool outlet_flush(struct outlet *outlet, struct bench_failure *failure);

/* Counts the confirms that have come; waits only if more messages are without theirs than a batch may add to. */
bool outlet_take_confirms(struct outlet *outlet, struct bench_failure *failure);

/* Waits until no message is without its confirm. */
bool outlet_await_confirms(struct outlet *outlet, struct bench_failure *failure);

/* How many of the oldest messages are confirmed and have their rows; those rows may go. */
size_t outlet_confirmed_count(const struct outlet *outlet);
const uint8_t *outlet_confirmed_id(const struct outlet *outlet, size_t place);
void outlet_forget(struct outlet *outlet, size_t count);
