#define _GNU_SOURCE
#include "prototype_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

struct text text_of(const char *string) { return (struct text){.bytes = string, .size = strlen(string)}; }

bool text_equals(struct text text, struct text other) {
  return text.size == other.size && memcmp(text.bytes, other.bytes, text.size) == 0;
}

/* What follows `before`, to the end. */
static struct text rest_after(struct text whole, const char *before) {
  size_t size = strlen(before);
  const char *place = memmem(whole.bytes, whole.size, before, size);
  if (place == NULL) {
    return (struct text){.bytes = NULL};
  }
  place += size;
  return (struct text){.bytes = place, .size = (size_t)(whole.bytes + whole.size - place)};
}

struct text text_after(struct text whole, const char *before, char end) {
  struct text rest = rest_after(whole, before);
  const char *stop = rest.size > 0 ? memchr(rest.bytes, end, rest.size) : NULL;
  rest.size = stop != NULL ? (size_t)(stop - rest.bytes) : 0;
  return rest;
}

int64_t number_after(struct text whole, const char *before) {
  struct text rest = rest_after(whole, before);
  int64_t number = 0;
  for (size_t place = 0; place < rest.size && rest.bytes[place] >= '0' && rest.bytes[place] <= '9'; place++) {
    number = number * 10 + (rest.bytes[place] - '0');
  }
  return number;
}

/* 48 bits of milliseconds; a count and what was random when the process began. */
void id_make(uint8_t *id) {
  static uint64_t random, count;
  if (random == 0) {
    (void)getrandom(&random, sizeof random, 0);
  }
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  uint64_t milliseconds = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
  uint64_t own = random + ++count;
  uint64_t high = milliseconds << 16 | UINT64_C(0x7000) | (own >> 48 & 0xfff);
  uint64_t low = UINT64_C(0x8000000000000000) | (own & UINT64_C(0x3fffffffffffffff));
  high = __builtin_bswap64(high);
  low = __builtin_bswap64(low);
  memcpy(id, &high, sizeof high);
  memcpy(id + sizeof high, &low, sizeof low);
}

static int digit_value(char digit) {
  if (digit >= '0' && digit <= '9') {
    return digit - '0';
  }
  return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

static bool is_dash_place(size_t place) { return place == 8 || place == 13 || place == 18 || place == 23; }

bool id_parse(uint8_t *id, struct text text) {
  if (text.size != id_text_size) {
    return false;
  }
  for (size_t place = 0, octet = 0; octet < id_size; octet++) {
    place += is_dash_place(place) ? 1 : 0;
    int high = digit_value(text.bytes[place]), low = digit_value(text.bytes[place + 1]);
    if (high < 0 || low < 0) {
      return false;
    }
    id[octet] = (uint8_t)(high << 4 | low);
    place += 2;
  }
  return true;
}

void id_write(char *text, const uint8_t *id) {
  static const char digits[] = "0123456789abcdef";
  for (size_t place = 0, octet = 0; octet < id_size; octet++) {
    if (is_dash_place(place)) {
      text[place++] = '-';
    }
    text[place++] = digits[id[octet] >> 4];
    text[place++] = digits[id[octet] & 15];
  }
}

char *room_take(struct room *room, size_t size) {
  if (room->size - room->used < size) {
    return NULL;
  }
  char *place = room->bytes + room->used;
  room->used += size;
  return place;
}

struct text room_print(struct room *room, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int size = vsnprintf(room->bytes + room->used, room->size - room->used, format, arguments);
  va_end(arguments);
  if (size < 0 || (size_t)size >= room->size - room->used) {
    return (struct text){.bytes = NULL};
  }
  return (struct text){.bytes = room_take(room, (size_t)size), .size = (size_t)size};
}
