/* Calls of glibc that its headers show only to _GNU_SOURCE, which Swift's Glibc module does not set.
   Declared by hand from the manual: spawn.h of glibc 2.34. */
#pragma once
#include <spawn.h>

extern int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *actions, const char *path);
extern int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);

enum { SKALD_POSIX_SPAWN_SETSID = 0x80 };
