/* Texts within buffers, ids, and the room that a batch's messages are put together in. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text {
  const char *bytes;
  size_t size;
};

struct text text_of(const char *string);
bool text_equals(struct text text, struct text other);

/* What stands between `before` and the next `end` behind it; empty if that is not there. */
struct text text_after(struct text whole, const char *before, char end);

/* The number behind `before`; 0 if there is none. */
int64_t number_after(struct text whole, const char *before);

enum { id_size = 16, id_text_size = 36 };

/* Makes an id of version 7. Those of one millisecond are counted, so that none comes twice from one process. */
void id_make(uint8_t *id);
bool id_parse(uint8_t *id, struct text text);
void id_write(char *text, const uint8_t *id);

struct room {
  char *bytes;
  size_t used;
  size_t size;
};

/* NULL if the room is full. */
char *room_take(struct room *room, size_t size);

/* Writes by a printf format; a text without bytes if the room is full. */
struct text room_print(struct room *room, const char *format, ...) __attribute__((format(printf, 2, 3)));
