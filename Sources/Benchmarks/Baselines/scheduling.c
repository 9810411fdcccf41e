#define _GNU_SOURCE
#include "scheduling.h"

#include <sched.h>

void schedule_as(int policy) { sched_setscheduler(0, policy, &(struct sched_param){.sched_priority = 0}); }

int schedule_as_batch(void) {
  int policy = sched_getscheduler(0);
  schedule_as(SCHED_BATCH);
  return policy;
}
