/* Calls of glibc that its headers show only to _GNU_SOURCE, which Swift's Glibc module does not set.
   Declared by hand from the manual: spawn.h of glibc 2.34. */
#pragma once
#include <pthread.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>

extern int accept4(int listener, struct sockaddr *address, socklen_t *length, int flags);
extern int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *actions, const char *path);
extern int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);

enum { SKALD_POSIX_SPAWN_SETSID = 0x80 };

/* sched.h. */
enum { SKALD_SCHED_BATCH = 3, SKALD_SCHED_IDLE = 5 };

/* pthread.h, for names in top(1) and in core files. */
extern int pthread_setname_np(pthread_t thread, const char *name);
