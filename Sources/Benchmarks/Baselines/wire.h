/* A connection's bytes, driven by ourselves: librabbitmq encodes and decodes, we send and receive. */
#pragma once
#include "session.h"

enum { wire_buffer_size = 256 * 1024 };

struct wire {
  amqp_connection_state_t connection;
  int socket;
  /* Encoded and not yet sent: from out_start to out_end. */
  uint8_t *out;
  size_t out_start;
  size_t out_end;
  uint8_t *in;
};

/* Takes the socket over from the library. */
bool wire_open(struct wire *wire, struct bench_session *session, struct bench_failure *failure);
void wire_destroy(struct wire *wire);

/* Appends a method frame. */
bool wire_append_method(struct wire *wire, amqp_method_number_t id, void *method, struct bench_failure *failure);

/* Appends the header and body frames of a message. */
bool wire_append_content(struct wire *wire, amqp_basic_properties_t *properties, amqp_bytes_t body,
                         struct bench_failure *failure);

/* The same with properties that amqp_encode_properties has encoded before. */
bool wire_append_encoded(struct wire *wire, amqp_bytes_t properties, amqp_bytes_t body, struct bench_failure *failure);

/* The bytes a message may take at most besides its body, if the body fits one frame. */
enum { wire_message_overhead = 1024 };
bool wire_has_room(const struct wire *wire, size_t byte_count);

/* Sends what was appended, with one call unless the socket is full. */
bool wire_flush(struct wire *wire, struct bench_failure *failure);

/* Waits for bytes and hands their frames to on_frame. */
typedef bool wire_frame_handler(void *context, const amqp_frame_t *frame, struct bench_failure *failure);
bool wire_receive(struct wire *wire, wire_frame_handler *on_frame, void *context, struct bench_failure *failure);

/* The same, with the flags of recv: is_empty tells that nothing came within the time that flags or socket give. */
bool wire_receive_some(struct wire *wire, int flags, bool *is_empty, wire_frame_handler *on_frame, void *context,
                       struct bench_failure *failure);
