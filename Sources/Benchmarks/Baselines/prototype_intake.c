#include "prototype_intake.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

/* One more than can be unacknowledged, for the one that is coming. */
enum { slot_count = 1024 };
_Static_assert(slot_count > prefetch * queue_count_max, "what was sent ahead finds its place");

/* As in the other loops: the pool is emptied once for so many frames. */
enum { frames_per_release = 16 };

static struct delivery *slot(const struct intake *intake, size_t place) {
  return &intake->slots[(intake->first + place) % slot_count];
}

struct delivery *intake_at(const struct intake *intake, size_t place) { return slot(intake, place); }

static bool append_consume(struct intake *intake, const char *queue, struct bench_failure *failure) {
  amqp_basic_consume_t consume = {.queue = amqp_cstring_bytes(queue)};
  return wire_append_method(&intake->wire, AMQP_BASIC_CONSUME_METHOD, &consume, failure);
}

bool intake_open(struct intake *intake, struct bench_session *session, const char *const *queues, size_t queue_count,
                 struct bench_failure *failure) {
  *intake = (struct intake){.slots = calloc(slot_count, sizeof *intake->slots)};
  if (intake->slots == NULL) {
    return fail(failure, "no memory for deliveries");
  }
  amqp_basic_qos_t qos = {.prefetch_count = prefetch};
  if (!wire_open(&intake->wire, session, failure) ||
      !wire_append_method(&intake->wire, AMQP_BASIC_QOS_METHOD, &qos, failure)) {
    return false;
  }
  for (size_t place = 0; place < queue_count; place++) {
    if (!append_consume(intake, queues[place], failure)) {
      return false;
    }
  }
  struct timeval idle = {.tv_usec = idle_milliseconds * 1000};
  if (setsockopt(intake->wire.socket, SOL_SOCKET, SO_RCVTIMEO, &idle, sizeof idle) != 0) {
    return fail(failure, "setsockopt: %s", strerror(errno));
  }
  return wire_flush(&intake->wire, failure);
}

void intake_close(struct intake *intake) {
  wire_destroy(&intake->wire);
  free(intake->slots);
}

static bool take_method(struct intake *intake, const amqp_method_t *method, struct bench_failure *failure) {
  switch (method->id) {
    case AMQP_BASIC_DELIVER_METHOD:
      slot(intake, intake->count)->tag = ((const amqp_basic_deliver_t *)method->decoded)->delivery_tag;
      return true;
    case AMQP_BASIC_QOS_OK_METHOD:
    case AMQP_BASIC_CONSUME_OK_METHOD: return true;
    default: return fail_with_method(failure, "consume", method);
  }
}

static bool take_header(struct intake *intake, const amqp_frame_t *frame, struct bench_failure *failure) {
  struct delivery *delivery = slot(intake, intake->count);
  intake->body_size = frame->payload.properties.body_size;
  if (!delivery_read(delivery, frame->payload.properties.decoded, failure)) {
    return false;
  }
  if (intake->body_size == 0 || intake->body_size > sizeof delivery->bytes - delivery->saga.size) {
    return fail(failure, "a body of %zu bytes", intake->body_size);
  }
  return true;
}

static bool take_body(struct intake *intake, amqp_bytes_t part, struct bench_failure *failure) {
  struct delivery *delivery = slot(intake, intake->count);
  if (part.len > intake->body_size - delivery->body.size) {
    return fail(failure, "consume: more body than the header announced");
  }
  memcpy(delivery->bytes + delivery->saga.size + delivery->body.size, part.bytes, part.len);
  delivery->body.size += part.len;
  intake->count += delivery->body.size == intake->body_size ? 1 : 0;
  return intake->count < slot_count || fail(failure, "more deliveries than were asked for");
}

static bool on_frame(void *context, const amqp_frame_t *frame, struct bench_failure *failure) {
  struct intake *intake = context;
  bool is_taken = true;
  switch (frame->frame_type) {
    case AMQP_FRAME_METHOD: is_taken = take_method(intake, &frame->payload.method, failure); break;
    case AMQP_FRAME_HEADER: is_taken = take_header(intake, frame, failure); break;
    case AMQP_FRAME_BODY: is_taken = take_body(intake, frame->payload.body_fragment, failure); break;
    default: break;
  }
  if (++intake->frame_count % frames_per_release == 0) {
    amqp_maybe_release_buffers_on_channel(intake->wire.connection, channel_number);
  }
  return is_taken;
}

bool intake_receive(struct intake *intake, bool *is_idle, struct bench_failure *failure) {
  /* With work at hand only what has come meanwhile. */
  int flags = intake->count > 0 ? MSG_DONTWAIT : 0;
  return wire_receive_some(&intake->wire, flags, is_idle, on_frame, intake, failure);
}

bool intake_acknowledge(struct intake *intake, size_t count, struct bench_failure *failure) {
  amqp_basic_ack_t ack = {.delivery_tag = slot(intake, count - 1)->tag, .multiple = 1};
  intake->first = (intake->first + count) % slot_count;
  intake->count -= count;
  return wire_append_method(&intake->wire, AMQP_BASIC_ACK_METHOD, &ack, failure) &&
         wire_flush(&intake->wire, failure);
}
