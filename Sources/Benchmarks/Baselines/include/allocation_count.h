/* The allocator of this process: counts its calls. */
#pragma once
#include <stdint.h>

/* The allocations so far, of all threads: malloc, calloc, realloc, aligned_alloc, posix_memalign, memalign.
   Stays 0 in a build with a sanitizer, which brings its own allocator. */
uint64_t bench_allocation_count(void);

/* Gives memory that is free back to the system, so that later growth shows in the resident size. */
void bench_return_free_memory(void);
