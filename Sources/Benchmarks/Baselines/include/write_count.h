/* Counts the system calls that send bytes through a socket in this process. */
#pragma once
#include <stdint.h>

/* Calls so far, of all threads: send, sendto, sendmsg, writev. A wake-up through an eventfd is a write and not counted.
   Stays 0 in a build with a sanitizer. */
uint64_t bench_write_count(void);
