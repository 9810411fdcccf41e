/* Counts the calls of the allocator in this process. */
#pragma once
#include <stdint.h>

/* The allocations so far, of all threads: malloc, calloc, realloc, aligned_alloc, posix_memalign, memalign.
   Stays 0 in a build with a sanitizer, which brings its own allocator. */
uint64_t bench_allocation_count(void);
