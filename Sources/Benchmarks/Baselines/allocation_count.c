/* Takes the place of glibc's allocator entry points in this executable, counts, and hands on to glibc.
   Each thread counts in a slot of its own, so that counting costs no shared cache line. */
#include "allocation_count.h"

#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stddef.h>

#include "sanitizer.h"

enum { slot_count = 1024 };

struct slot {
  _Alignas(64) _Atomic uint64_t allocations;
};

/* Slot 0 is shared by all threads that found no other free. */
static struct slot slots[slot_count];

uint64_t bench_allocation_count(void) {
  uint64_t sum = 0;
  for (size_t i = 0; i < slot_count; i++) {
    sum += atomic_load_explicit(&slots[i].allocations, memory_order_relaxed);
  }
  return sum;
}

void bench_return_free_memory(void) {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

#if !defined(BENCH_HAS_SANITIZER) && defined(__GLIBC__)

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

static _Atomic unsigned next_slot = 1;

/* In the executable's own static block: reaching it allocates nothing. */
static _Thread_local struct slot *own_slot __attribute__((tls_model("initial-exec")));

static void count_one(void) {
  struct slot *slot = own_slot;
  if (slot == NULL) {
    unsigned index = atomic_fetch_add_explicit(&next_slot, 1, memory_order_relaxed);
    slot = &slots[index < slot_count ? index : 0];
    own_slot = slot;
  }
  if (slot == &slots[0]) {
    atomic_fetch_add_explicit(&slot->allocations, 1, memory_order_relaxed);
  } else {
    uint64_t count = atomic_load_explicit(&slot->allocations, memory_order_relaxed);
    atomic_store_explicit(&slot->allocations, count + 1, memory_order_relaxed);
  }
}

void *malloc(size_t size) {
  count_one();
  return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
  count_one();
  return __libc_calloc(count, size);
}

void *realloc(void *old, size_t size) {
  count_one();
  return __libc_realloc(old, size);
}

void *memalign(size_t alignment, size_t size) {
  count_one();
  return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
  count_one();
  return __libc_memalign(alignment, size);
}

int posix_memalign(void **result, size_t alignment, size_t size) {
  if (alignment % sizeof(void *) != 0 || (alignment & (alignment - 1)) != 0 || alignment == 0) {
    return EINVAL;
  }
  count_one();
  void *memory = __libc_memalign(alignment, size);
  if (memory == NULL) {
    return ENOMEM;
  }
  *result = memory;
  return 0;
}

#endif
