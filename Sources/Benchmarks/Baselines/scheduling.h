#pragma once

/* The best C sides wait for the processor as our event loop does: SCHED_BATCH of sched(7), which takes none from whoever
   writes what they wait for. The scheduling belongs to the calling thread. */

/* Returns the policy before, for schedule_as. */
int schedule_as_batch(void);
void schedule_as(int policy);
