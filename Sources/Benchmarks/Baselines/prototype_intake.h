/* Deliveries of one connection, in the order they came, until they are acknowledged. */
#pragma once
#include "prototype_message.h"
#include "wire.h"

/* How many each queue sends ahead, and after how long without any the reader looks after other things. */
enum { prefetch = 256, queue_count_max = 2, idle_milliseconds = 200 };

struct intake {
  struct wire wire;
  /* A ring of whole deliveries from `first` on; behind them the one that is coming. */
  struct delivery *slots;
  size_t first;
  size_t count;
  size_t body_size;
  unsigned frame_count;
};

/* Begins to consume. */
bool intake_open(struct intake *intake, struct bench_session *session, const char *const *queues, size_t queue_count,
                 struct bench_failure *failure);
void intake_close(struct intake *intake);

/* Takes what is there, or waits for it as long as is good; is_idle tells that nothing came. */
bool intake_receive(struct intake *intake, bool *is_idle, struct bench_failure *failure);

/* A whole delivery by its place, the oldest first. */
struct delivery *intake_at(const struct intake *intake, size_t place);

/* Acknowledges the oldest with one frame and lets go of them. */
bool intake_acknowledge(struct intake *intake, size_t count, struct bench_failure *failure);
