#include "sink_connection.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "session.h"

enum { greeting_size = 8, frame_head_size = 7, frame_overhead = 8, frame_end_octet = 0xCE };

struct sink_connection *sink_connection_new(int socket) {
  struct sink_connection *connection = calloc(1, sizeof *connection);
  if (connection != NULL) {
    connection->socket = socket;
    connection->buffer = malloc(sink_buffer_size);
  }
  if (connection == NULL || connection->buffer == NULL) {
    close(socket);
    free(connection);
    return NULL;
  }
  return connection;
}

void sink_connection_free(struct sink_connection *connection) {
  close(connection->socket);
  free(connection->buffer);
  free(connection);
}

static uint32_t get_u32(const uint8_t *at) {
  return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void put_u32(uint8_t *at, uint32_t value) {
  at[0] = (uint8_t)(value >> 24);
  at[1] = (uint8_t)(value >> 16);
  at[2] = (uint8_t)(value >> 8);
  at[3] = (uint8_t)value;
}

/* Sends one method frame. write, not send: what the sink sends is not to be counted as the client's. */
static bool answer(struct sink_connection *connection, uint16_t channel, uint32_t method, const void *arguments,
                   size_t size) {
  uint8_t frame[128] = {AMQP_FRAME_METHOD, (uint8_t)(channel >> 8), (uint8_t)channel};
  put_u32(frame + 3, (uint32_t)size + 4);
  put_u32(frame + frame_head_size, method);
  memcpy(frame + frame_head_size + 4, arguments, size);
  frame[frame_head_size + 4 + size] = frame_end_octet;
  size_t frame_size = frame_overhead + 4 + size;
  return write(connection->socket, frame, frame_size) == (ssize_t)frame_size;
}

static bool answer_method(struct sink_connection *connection, uint16_t channel, uint32_t method) {
  /* Version 0-9, no server properties, mechanisms, locales. */
  static const char start[] = "\0\x09\0\0\0\0\0\0\0\x05PLAIN\0\0\0\x05" "en_US";
  /* 2047 channels, frames of 131072 octets, no heartbeats. */
  static const char tune[] = "\x07\xff\0\x02\0\0\0\0";
  /* Empty strings and counts of any kind. */
  static const char zeros[16];
  switch (method) {
    case 0: return answer(connection, 0, AMQP_CONNECTION_START_METHOD, start, sizeof start - 1);
    case AMQP_CONNECTION_START_OK_METHOD:
      return answer(connection, 0, AMQP_CONNECTION_TUNE_METHOD, tune, sizeof tune - 1);
    case AMQP_CONNECTION_OPEN_METHOD: return answer(connection, 0, AMQP_CONNECTION_OPEN_OK_METHOD, zeros, 1);
    case AMQP_CONNECTION_CLOSE_METHOD: return answer(connection, 0, AMQP_CONNECTION_CLOSE_OK_METHOD, zeros, 0);
    case AMQP_CHANNEL_OPEN_METHOD: return answer(connection, channel, AMQP_CHANNEL_OPEN_OK_METHOD, zeros, 4);
    case AMQP_CHANNEL_CLOSE_METHOD: return answer(connection, channel, AMQP_CHANNEL_CLOSE_OK_METHOD, zeros, 0);
    case AMQP_CONFIRM_SELECT_METHOD: return answer(connection, channel, AMQP_CONFIRM_SELECT_OK_METHOD, zeros, 0);
    case AMQP_BASIC_QOS_METHOD: return answer(connection, channel, AMQP_BASIC_QOS_OK_METHOD, zeros, 0);
    default: return true;
  }
}

static bool take_frame(struct sink_connection *connection, const uint8_t *frame, uint32_t payload_size) {
  uint16_t channel_id = (uint16_t)(frame[1] << 8 | frame[2]);
  const uint8_t *payload = frame + frame_head_size;
  if (channel_id >= sink_channel_count) {
    return false;
  }
  struct sink_channel *channel = &connection->channels[channel_id];
  switch (frame[0]) {
    case AMQP_FRAME_METHOD: return payload_size >= 4 && answer_method(connection, channel_id, get_u32(payload));
    case AMQP_FRAME_HEADER:
      if (payload_size < 12) {
        return false;
      }
      channel->body_rest = (uint64_t)get_u32(payload + 4) << 32 | get_u32(payload + 8);
      channel->message_count += channel->body_rest == 0 ? 1 : 0;
      return true;
    case AMQP_FRAME_BODY:
      if (payload_size > channel->body_rest) {
        return false;
      }
      channel->body_rest -= payload_size;
      channel->message_count += channel->body_rest == 0 ? 1 : 0;
      return true;
    default: return true;
  }
}

/* Takes the whole frames at hand and keeps the rest for later. */
static bool take_frames(struct sink_connection *connection) {
  const uint8_t *at = connection->buffer;
  size_t rest = connection->buffered_count;
  if (!connection->has_greeted && rest >= greeting_size) {
    connection->has_greeted = true;
    at += greeting_size;
    rest -= greeting_size;
    if (!answer_method(connection, 0, 0)) {
      return false;
    }
  }
  while (connection->has_greeted && rest >= frame_overhead) {
    uint32_t payload_size = get_u32(at + 3);
    if (payload_size > frame_size_max) {
      return false;
    }
    size_t frame_size = (size_t)payload_size + frame_overhead;
    if (rest < frame_size) {
      break;
    }
    if (at[frame_size - 1] != frame_end_octet || !take_frame(connection, at, payload_size)) {
      return false;
    }
    at += frame_size;
    rest -= frame_size;
  }
  memmove(connection->buffer, at, rest);
  connection->buffered_count = rest;
  return true;
}

static bool confirm(struct sink_connection *connection, _Atomic uint64_t *message_count) {
  for (uint16_t i = 0; i < sink_channel_count; i++) {
    struct sink_channel *channel = &connection->channels[i];
    uint64_t fresh_count = channel->message_count - channel->confirmed_count;
    if (fresh_count == 0) {
      continue;
    }
    uint8_t ack[9] = {0};
    put_u32(ack, (uint32_t)(channel->message_count >> 32));
    put_u32(ack + 4, (uint32_t)channel->message_count);
    ack[8] = 1;
    channel->confirmed_count = channel->message_count;
    atomic_fetch_add_explicit(message_count, fresh_count, memory_order_relaxed);
    if (!answer(connection, i, AMQP_BASIC_ACK_METHOD, ack, sizeof ack)) {
      return false;
    }
  }
  return true;
}

bool sink_connection_serve(struct sink_connection *connection, _Atomic uint64_t *message_count) {
  ssize_t received = read(connection->socket, connection->buffer + connection->buffered_count,
                          sink_buffer_size - connection->buffered_count);
  if (received < 0 && errno == EINTR) {
    return true;
  }
  if (received <= 0) {
    return false;
  }
  connection->buffered_count += (size_t)received;
  return take_frames(connection) && confirm(connection, message_count);
}
