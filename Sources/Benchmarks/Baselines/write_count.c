/* Takes the place of the socket calls of glibc in this executable, counts, and hands on to the kernel. */
#define _GNU_SOURCE
#include "write_count.h"

#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "sanitizer.h"

static _Atomic uint64_t write_count;

uint64_t bench_write_count(void) { return atomic_load_explicit(&write_count, memory_order_relaxed); }

#ifndef BENCH_HAS_SANITIZER

static void count_one(void) { atomic_fetch_add_explicit(&write_count, 1, memory_order_relaxed); }

ssize_t send(int socket, const void *bytes, size_t count, int flags) {
  count_one();
  return syscall(SYS_sendto, socket, bytes, count, flags, NULL, 0);
}

ssize_t sendto(int socket, const void *bytes, size_t count, int flags, const struct sockaddr *address,
               socklen_t address_size) {
  count_one();
  return syscall(SYS_sendto, socket, bytes, count, flags, address, address_size);
}

ssize_t sendmsg(int socket, const struct msghdr *message, int flags) {
  count_one();
  return syscall(SYS_sendmsg, socket, message, flags);
}

ssize_t writev(int descriptor, const struct iovec *parts, int count) {
  count_one();
  return syscall(SYS_writev, descriptor, parts, count);
}

#endif
