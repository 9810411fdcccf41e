#include "wire.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { frame_head_size = 7, frame_end_size = 1, header_fixed_size = 12, frame_end_octet = 0xCE };

bool wire_open(struct wire *wire, struct bench_session *session, struct bench_failure *failure) {
  *wire = (struct wire){.connection = session->connection, .socket = amqp_get_sockfd(session->connection)};
  wire->out = malloc(wire_buffer_size);
  wire->in = malloc(wire_buffer_size);
  if (wire->out == NULL || wire->in == NULL) {
    return fail(failure, "no memory for the buffers");
  }
  /* A blocking receive saves a poll before each; the library left the socket non-blocking. */
  int flags = fcntl(wire->socket, F_GETFL);
  if (flags < 0 || fcntl(wire->socket, F_SETFL, flags & ~O_NONBLOCK) < 0) {
    return fail(failure, "fcntl: %s", strerror(errno));
  }
  return true;
}

void wire_destroy(struct wire *wire) {
  free(wire->out);
  free(wire->in);
}

static void put_u16(uint8_t *at, uint16_t value) {
  at[0] = (uint8_t)(value >> 8);
  at[1] = (uint8_t)value;
}

static void put_u32(uint8_t *at, uint32_t value) {
  put_u16(at, (uint16_t)(value >> 16));
  put_u16(at + 2, (uint16_t)value);
}

/* Writes the head and the end of a frame around a payload that is in place already. */
static void close_frame(struct wire *wire, uint8_t type, size_t payload_size) {
  uint8_t *frame = wire->out + wire->out_end;
  frame[0] = type;
  put_u16(frame + 1, channel_number);
  put_u32(frame + 3, (uint32_t)payload_size);
  frame[frame_head_size + payload_size] = frame_end_octet;
  wire->out_end += frame_head_size + payload_size + frame_end_size;
}

/* Where the payload of the next frame goes, its first skip_size octets left out. */
static amqp_bytes_t payload_space(struct wire *wire, size_t skip_size) {
  size_t taken = wire->out_end + frame_head_size + skip_size + frame_end_size;
  amqp_bytes_t space = {.len = taken < wire_buffer_size ? wire_buffer_size - taken : 0};
  space.bytes = wire->out + wire->out_end + frame_head_size + skip_size;
  return space;
}

bool wire_append_method(struct wire *wire, amqp_method_number_t id, void *method, struct bench_failure *failure) {
  amqp_bytes_t space = payload_space(wire, 4);
  int size = amqp_encode_method(id, method, space);
  if (size < 0) {
    return fail_with_status(failure, "encode method", size);
  }
  put_u32((uint8_t *)space.bytes - 4, id);
  close_frame(wire, AMQP_FRAME_METHOD, (size_t)size + 4);
  return true;
}

/* Closes the header frame around properties that stand in its payload, and appends the body. */
static bool finish_content(struct wire *wire, uint8_t *header, size_t properties_size, amqp_bytes_t body,
                           struct bench_failure *failure) {
  put_u16(header, AMQP_BASIC_CLASS);
  put_u16(header + 2, 0);
  put_u32(header + 4, (uint32_t)((uint64_t)body.len >> 32));
  put_u32(header + 8, (uint32_t)body.len);
  close_frame(wire, AMQP_FRAME_HEADER, properties_size + header_fixed_size);

  const size_t part_size_max = frame_size_max - frame_head_size - frame_end_size;
  for (size_t offset = 0; offset < body.len;) {
    size_t rest = body.len - offset;
    size_t part_size = rest < part_size_max ? rest : part_size_max;
    amqp_bytes_t space = payload_space(wire, 0);
    if (space.len < part_size) {
      return fail(failure, "a body of %zu bytes does not fit the buffer", body.len);
    }
    memcpy(space.bytes, (const uint8_t *)body.bytes + offset, part_size);
    close_frame(wire, AMQP_FRAME_BODY, part_size);
    offset += part_size;
  }
  return true;
}

bool wire_append_content(struct wire *wire, amqp_basic_properties_t *properties, amqp_bytes_t body,
                         struct bench_failure *failure) {
  amqp_bytes_t space = payload_space(wire, header_fixed_size);
  int size = amqp_encode_properties(AMQP_BASIC_CLASS, properties, space);
  if (size < 0) {
    return fail_with_status(failure, "encode properties", size);
  }
  return finish_content(wire, (uint8_t *)space.bytes - header_fixed_size, (size_t)size, body, failure);
}

bool wire_append_encoded(struct wire *wire, amqp_bytes_t properties, amqp_bytes_t body, struct bench_failure *failure) {
  amqp_bytes_t space = payload_space(wire, header_fixed_size);
  if (space.len < properties.len) {
    return fail(failure, "properties of %zu bytes do not fit the buffer", properties.len);
  }
  memcpy(space.bytes, properties.bytes, properties.len);
  return finish_content(wire, (uint8_t *)space.bytes - header_fixed_size, properties.len, body, failure);
}

bool wire_has_room(const struct wire *wire, size_t byte_count) {
  return wire_buffer_size - wire->out_end >= byte_count;
}

bool wire_flush(struct wire *wire, struct bench_failure *failure) {
  while (wire->out_start < wire->out_end) {
    ssize_t sent = send(wire->socket, wire->out + wire->out_start, wire->out_end - wire->out_start, MSG_NOSIGNAL);
    if (sent < 0 && errno != EINTR) {
      return fail(failure, "send: %s", strerror(errno));
    }
    wire->out_start += sent > 0 ? (size_t)sent : 0;
  }
  wire->out_start = wire->out_end = 0;
  return true;
}

static bool decode(struct wire *wire, size_t byte_count, wire_frame_handler *on_frame, void *context,
                   struct bench_failure *failure) {
  amqp_bytes_t rest = {.len = byte_count, .bytes = wire->in};
  while (rest.len > 0) {
    amqp_frame_t frame;
    int consumed = amqp_handle_input(wire->connection, rest, &frame);
    if (consumed < 0) {
      return fail_with_status(failure, "decode", consumed);
    }
    rest.bytes = (uint8_t *)rest.bytes + consumed;
    rest.len -= (size_t)consumed;
    if (frame.frame_type != 0 && !on_frame(context, &frame, failure)) {
      return false;
    }
  }
  return true;
}

bool wire_receive_some(struct wire *wire, int flags, bool *is_empty, wire_frame_handler *on_frame, void *context,
                       struct bench_failure *failure) {
  ssize_t received;
  do {
    received = recv(wire->socket, wire->in, wire_buffer_size, flags);
  } while (received < 0 && errno == EINTR);
  *is_empty = received < 0 && errno == EAGAIN;
  if (*is_empty) {
    return true;
  }
  if (received < 0) {
    return fail(failure, "receive: %s", strerror(errno));
  }
  if (received == 0) {
    return fail(failure, "receive: the broker closed the connection");
  }
  return decode(wire, (size_t)received, on_frame, context, failure);
}

bool wire_receive(struct wire *wire, wire_frame_handler *on_frame, void *context, struct bench_failure *failure) {
  bool is_empty;
  return wire_receive_some(wire, 0, &is_empty, on_frame, context, failure) &&
         (!is_empty || fail(failure, "receive: nothing came"));
}
