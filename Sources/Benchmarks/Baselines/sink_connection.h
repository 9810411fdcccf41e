/* One client of the null sink: enough of AMQP 0-9-1 to log in, open channels and be confirmed. */
#pragma once
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { sink_buffer_size = 1024 * 1024, sink_channel_count = 64 };

struct sink_channel {
  uint64_t message_count;
  uint64_t confirmed_count;
  /* Of the message under way. */
  uint64_t body_rest;
};

struct sink_connection {
  int socket;
  bool has_greeted;
  size_t buffered_count;
  struct sink_channel channels[sink_channel_count];
  uint8_t *buffer;
};

struct sink_connection *sink_connection_new(int socket);
void sink_connection_free(struct sink_connection *connection);

/* Reads once, answers, and confirms the messages that came whole, with one "multiple" for each channel.
   False once the connection is over. */
bool sink_connection_serve(struct sink_connection *connection, _Atomic uint64_t *message_count);
