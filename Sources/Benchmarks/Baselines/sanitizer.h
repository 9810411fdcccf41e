/* Whether a sanitizer is built in, which brings entry points of its own that must not be replaced. */
#pragma once
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define BENCH_HAS_SANITIZER 1
#endif
#endif
