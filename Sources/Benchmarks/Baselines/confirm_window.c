#include "confirm_window.h"

#include <inttypes.h>
#include <stdlib.h>

bool confirm_window_init(struct confirm_window *window, size_t capacity, uint64_t next) {
  size_t slot_count = 1;
  while (slot_count < capacity) {
    slot_count *= 2;
  }
  *window = (struct confirm_window){.mask = slot_count - 1, .oldest_open = next, .next = next};
  window->is_confirmed = calloc(slot_count, 1);
  return window->is_confirmed != NULL;
}

void confirm_window_destroy(struct confirm_window *window) { free(window->is_confirmed); }

/* Moves past the tags that were confirmed out of turn. */
static void advance(struct confirm_window *window) {
  while (window->oldest_open < window->next) {
    uint8_t *flag = &window->is_confirmed[window->oldest_open & window->mask];
    if (!*flag) {
      return;
    }
    *flag = 0;
    window->oldest_open++;
  }
}

static void settle_through(struct confirm_window *window, uint64_t tag) {
  for (; window->oldest_open <= tag; window->oldest_open++) {
    uint8_t *flag = &window->is_confirmed[window->oldest_open & window->mask];
    window->open_count -= *flag ? 0 : 1;
    *flag = 0;
  }
  advance(window);
}

static void settle_one(struct confirm_window *window, uint64_t tag) {
  uint8_t *flag = &window->is_confirmed[tag & window->mask];
  window->open_count -= *flag ? 0 : 1;
  *flag = 1;
  advance(window);
}

bool confirm_window_settle(struct confirm_window *window, const amqp_method_t *method,
                           struct bench_failure *failure) {
  if (method->id != AMQP_BASIC_ACK_METHOD) {
    return fail_with_method(failure, "publish", method);
  }
  const amqp_basic_ack_t *ack = method->decoded;
  if (ack->delivery_tag < window->oldest_open || ack->delivery_tag >= window->next) {
    return fail(failure, "publish: confirm of %" PRIu64 ", which is not open", ack->delivery_tag);
  }
  if (ack->multiple) {
    settle_through(window, ack->delivery_tag);
  } else {
    settle_one(window, ack->delivery_tag);
  }
  return true;
}
