#include "plain_loop.h"

#include <stdlib.h>

#include "confirm_window.h"

struct plain_publisher {
  amqp_connection_state_t connection;
  struct confirm_window window;
  amqp_bytes_t queue;
  amqp_bytes_t body;
};

static bool publish_next(struct plain_publisher *publisher, struct bench_failure *failure) {
  char id[bench_message_id_size];
  bench_message_id(id, publisher->window.next);
  amqp_basic_properties_t properties = {
      ._flags = AMQP_BASIC_DELIVERY_MODE_FLAG | AMQP_BASIC_MESSAGE_ID_FLAG,
      .delivery_mode = AMQP_DELIVERY_PERSISTENT,
      .message_id = {.len = sizeof id, .bytes = id},
  };
  int status = amqp_basic_publish(publisher->connection, channel_number, amqp_empty_bytes, publisher->queue, 1, 0,
                                  &properties, publisher->body);
  publisher->window.next++;
  publisher->window.open_count++;
  return status == AMQP_STATUS_OK || fail_with_status(failure, "publish", status);
}

/* Waits for one frame of the broker, which confirms one message or several. */
static bool await_confirm(struct plain_publisher *publisher, struct bench_failure *failure) {
  amqp_frame_t frame;
  amqp_maybe_release_buffers_on_channel(publisher->connection, channel_number);
  int status = amqp_simple_wait_frame(publisher->connection, &frame);
  if (status != AMQP_STATUS_OK) {
    return fail_with_status(failure, "await confirm", status);
  }
  if (frame.frame_type != AMQP_FRAME_METHOD) {
    return fail(failure, "await confirm: unexpected frame of type %d", frame.frame_type);
  }
  return confirm_window_settle(&publisher->window, &frame.payload.method, failure);
}

static bool publish_all(struct plain_publisher *publisher, const struct bench_load *load, uint64_t *latencies_ns,
                        struct bench_failure *failure) {
  size_t sent_count = 0;
  while (sent_count < load->message_count || publisher->window.open_count > 0) {
    uint64_t start = latencies_ns ? monotonic_now() : 0;
    while (sent_count < load->message_count && publisher->window.open_count < load->window) {
      if (!publish_next(publisher, failure)) {
        return false;
      }
      sent_count++;
    }
    if (!await_confirm(publisher, failure)) {
      return false;
    }
    if (latencies_ns) {
      latencies_ns[sent_count - 1] = monotonic_now() - start;
    }
  }
  return true;
}

bool bench_plain_publish(struct bench_session *session, const struct bench_load *load, uint64_t *latencies_ns,
                         struct bench_failure *failure) {
  void *body = calloc(1, load->body_size);
  struct plain_publisher publisher = {
      .connection = session->connection,
      .queue = amqp_cstring_bytes(load->queue),
      .body = {.len = load->body_size, .bytes = body},
  };
  bool is_done = confirm_window_init(&publisher.window, load->window, session->published + 1)
                     ? publish_all(&publisher, load, latencies_ns, failure)
                     : fail(failure, "no memory for the window");
  session->published = publisher.window.next - 1;
  confirm_window_destroy(&publisher.window);
  free(body);
  return is_done;
}

static bool start_consumer(struct bench_session *session, const struct bench_load *load,
                           struct bench_failure *failure) {
  amqp_basic_qos(session->connection, channel_number, 0, (uint16_t)load->window, 0);
  amqp_rpc_reply_t reply = amqp_get_rpc_reply(session->connection);
  if (reply.reply_type != AMQP_RESPONSE_NORMAL) {
    return fail_with_reply(failure, "basic.qos", reply);
  }
  amqp_basic_consume(session->connection, channel_number, amqp_cstring_bytes(load->queue), amqp_empty_bytes, 0, 0, 0,
                     amqp_empty_table);
  reply = amqp_get_rpc_reply(session->connection);
  return reply.reply_type == AMQP_RESPONSE_NORMAL || fail_with_reply(failure, "basic.consume", reply);
}

bool bench_plain_consume(struct bench_session *session, const struct bench_load *load,
                         struct bench_failure *failure) {
  if (!start_consumer(session, load, failure)) {
    return false;
  }
  for (size_t i = 1; i <= load->message_count; i++) {
    amqp_envelope_t envelope;
    amqp_maybe_release_buffers(session->connection);
    amqp_rpc_reply_t reply = amqp_consume_message(session->connection, &envelope, NULL, 0);
    if (reply.reply_type != AMQP_RESPONSE_NORMAL) {
      return fail_with_reply(failure, "consume", reply);
    }
    size_t body_size = envelope.message.body.len;
    size_t id_size = envelope.message.properties.message_id.len;
    uint64_t tag = envelope.delivery_tag;
    amqp_destroy_envelope(&envelope);
    if (body_size != load->body_size || id_size != bench_message_id_size) {
      return fail(failure, "consume: a body of %zu bytes, an id of %zu", body_size, id_size);
    }
    if (i % load->ack_every == 0 || i == load->message_count) {
      int status = amqp_basic_ack(session->connection, channel_number, tag, 1);
      if (status != AMQP_STATUS_OK) {
        return fail_with_status(failure, "ack", status);
      }
    }
  }
  return true;
}
