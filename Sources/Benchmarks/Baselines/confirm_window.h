/* Which publishes still wait for their confirm. */
#pragma once
#include "session.h"

struct confirm_window {
  /* A ring by tag: 1 if confirmed ahead of an older one. */
  uint8_t *is_confirmed;
  size_t mask;
  /* Every tag below is confirmed. */
  uint64_t oldest_open;
  /* The tag of the next publish. */
  uint64_t next;
  size_t open_count;
};

bool confirm_window_init(struct confirm_window *window, size_t capacity, uint64_t next);
void confirm_window_destroy(struct confirm_window *window);

/* Settles what the method confirms. False if it is no confirm, a refusal or a tag that is not open. */
bool confirm_window_settle(struct confirm_window *window, const amqp_method_t *method, struct bench_failure *failure);
