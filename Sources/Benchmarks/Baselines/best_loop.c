#include "best_loop.h"

#include <stdlib.h>
#include <string.h>

#include "confirm_window.h"
#include "wire.h"

/* Decoded methods and headers lie in the channel's pool; it can be emptied only between frames, and each try walks
   the library's queue. Once for so many frames keeps the pool at one page and the walk rare. */
enum { frames_per_release = 16 };

static void release_pool(struct wire *wire, unsigned *frame_count) {
  if (++*frame_count % frames_per_release == 0) {
    amqp_maybe_release_buffers_on_channel(wire->connection, channel_number);
  }
}

struct best_publisher {
  struct wire wire;
  struct confirm_window window;
  amqp_basic_publish_t method;
  amqp_bytes_t body;
  unsigned frame_count;
};

static bool append_next(struct best_publisher *publisher, struct bench_failure *failure) {
  char id[bench_message_id_size];
  bench_message_id(id, publisher->window.next);
  amqp_basic_properties_t properties = {
      ._flags = AMQP_BASIC_DELIVERY_MODE_FLAG | AMQP_BASIC_MESSAGE_ID_FLAG,
      .delivery_mode = AMQP_DELIVERY_PERSISTENT,
      .message_id = {.len = sizeof id, .bytes = id},
  };
  publisher->window.next++;
  publisher->window.open_count++;
  return wire_append_method(&publisher->wire, AMQP_BASIC_PUBLISH_METHOD, &publisher->method, failure) &&
         wire_append_content(&publisher->wire, &properties, publisher->body, failure);
}

static bool on_confirm(void *context, const amqp_frame_t *frame, struct bench_failure *failure) {
  struct best_publisher *publisher = context;
  if (frame->frame_type == AMQP_FRAME_HEARTBEAT) {
    return true;
  }
  if (frame->frame_type != AMQP_FRAME_METHOD) {
    return fail(failure, "await confirm: unexpected frame of type %d", frame->frame_type);
  }
  bool is_settled = confirm_window_settle(&publisher->window, &frame->payload.method, failure);
  release_pool(&publisher->wire, &publisher->frame_count);
  return is_settled;
}

static bool publish_all(struct best_publisher *publisher, const struct bench_load *load, uint64_t *latencies_ns,
                        struct bench_failure *failure) {
  size_t message_size = load->body_size + wire_message_overhead;
  size_t sent_count = 0;
  while (sent_count < load->message_count || publisher->window.open_count > 0) {
    uint64_t start = latencies_ns ? monotonic_now() : 0;
    while (sent_count < load->message_count && publisher->window.open_count < load->window &&
           wire_has_room(&publisher->wire, message_size)) {
      if (!append_next(publisher, failure)) {
        return false;
      }
      sent_count++;
    }
    if (!wire_flush(&publisher->wire, failure)) {
      return false;
    }
    if (sent_count < load->message_count && publisher->window.open_count < load->window) {
      continue;
    }
    if (!wire_receive(&publisher->wire, on_confirm, publisher, failure)) {
      return false;
    }
    if (latencies_ns) {
      latencies_ns[sent_count - 1] = monotonic_now() - start;
    }
  }
  return true;
}

bool bench_best_publish(struct bench_session *session, const struct bench_load *load, uint64_t *latencies_ns,
                        struct bench_failure *failure) {
  void *body = calloc(1, load->body_size);
  struct best_publisher publisher = {
      .method = {.routing_key = amqp_cstring_bytes(load->queue), .mandatory = 1},
      .body = {.len = load->body_size, .bytes = body},
  };
  bool is_done = (confirm_window_init(&publisher.window, load->window, session->published + 1) ||
                  fail(failure, "no memory for the window")) &&
                 wire_open(&publisher.wire, session, failure) &&
                 publish_all(&publisher, load, latencies_ns, failure);
  session->published = publisher.window.next - 1;
  confirm_window_destroy(&publisher.window);
  wire_destroy(&publisher.wire);
  free(body);
  return is_done;
}

struct best_consumer {
  struct wire wire;
  const struct bench_load *load;
  size_t delivered_count;
  /* The message being put together. */
  uint64_t tag;
  char message_id[bench_message_id_size];
  uint8_t *body;
  size_t body_size;
  size_t received_size;
  unsigned frame_count;
};

static bool append_qos_and_consume(struct best_consumer *consumer, struct bench_failure *failure) {
  amqp_basic_qos_t qos = {.prefetch_count = (uint16_t)consumer->load->window};
  amqp_basic_consume_t consume = {.queue = amqp_cstring_bytes(consumer->load->queue)};
  return wire_append_method(&consumer->wire, AMQP_BASIC_QOS_METHOD, &qos, failure) &&
         wire_append_method(&consumer->wire, AMQP_BASIC_CONSUME_METHOD, &consume, failure);
}

static bool take_method(struct best_consumer *consumer, const amqp_method_t *method, struct bench_failure *failure) {
  switch (method->id) {
    case AMQP_BASIC_DELIVER_METHOD:
      consumer->tag = ((const amqp_basic_deliver_t *)method->decoded)->delivery_tag;
      return true;
    case AMQP_BASIC_QOS_OK_METHOD:
    case AMQP_BASIC_CONSUME_OK_METHOD: return true;
    default: return fail_with_method(failure, "consume", method);
  }
}

static bool take_header(struct best_consumer *consumer, const amqp_frame_t *frame, struct bench_failure *failure) {
  const amqp_basic_properties_t *properties = frame->payload.properties.decoded;
  consumer->body_size = frame->payload.properties.body_size;
  consumer->received_size = 0;
  if (consumer->body_size != consumer->load->body_size) {
    return fail(failure, "consume: a body of %zu bytes", consumer->body_size);
  }
  if (properties->message_id.len != bench_message_id_size) {
    return fail(failure, "consume: a message id of %zu bytes", properties->message_id.len);
  }
  memcpy(consumer->message_id, properties->message_id.bytes, bench_message_id_size);
  return true;
}

static bool finish_message(struct best_consumer *consumer, struct bench_failure *failure) {
  consumer->delivered_count++;
  bool is_last = consumer->delivered_count == consumer->load->message_count;
  if (consumer->delivered_count % consumer->load->ack_every != 0 && !is_last) {
    return true;
  }
  amqp_basic_ack_t ack = {.delivery_tag = consumer->tag, .multiple = 1};
  return wire_append_method(&consumer->wire, AMQP_BASIC_ACK_METHOD, &ack, failure);
}

static bool take_body(struct best_consumer *consumer, amqp_bytes_t part, struct bench_failure *failure) {
  if (part.len > consumer->body_size - consumer->received_size) {
    return fail(failure, "consume: more body than the header announced");
  }
  memcpy(consumer->body + consumer->received_size, part.bytes, part.len);
  consumer->received_size += part.len;
  return consumer->received_size < consumer->body_size || finish_message(consumer, failure);
}

static bool on_delivery(void *context, const amqp_frame_t *frame, struct bench_failure *failure) {
  struct best_consumer *consumer = context;
  bool is_taken = true;
  switch (frame->frame_type) {
    case AMQP_FRAME_METHOD: is_taken = take_method(consumer, &frame->payload.method, failure); break;
    case AMQP_FRAME_HEADER: is_taken = take_header(consumer, frame, failure); break;
    case AMQP_FRAME_BODY: is_taken = take_body(consumer, frame->payload.body_fragment, failure); break;
    default: break;
  }
  release_pool(&consumer->wire, &consumer->frame_count);
  return is_taken;
}

static bool consume_all(struct best_consumer *consumer, struct bench_failure *failure) {
  bool is_going = append_qos_and_consume(consumer, failure) && wire_flush(&consumer->wire, failure);
  while (is_going && consumer->delivered_count < consumer->load->message_count) {
    is_going = wire_receive(&consumer->wire, on_delivery, consumer, failure) && wire_flush(&consumer->wire, failure);
  }
  return is_going;
}

bool bench_best_consume(struct bench_session *session, const struct bench_load *load, struct bench_failure *failure) {
  struct best_consumer consumer = {.load = load, .body = malloc(load->body_size)};
  bool is_done = wire_open(&consumer.wire, session, failure) && consume_all(&consumer, failure);
  wire_destroy(&consumer.wire);
  free(consumer.body);
  return is_done;
}
