#include "prototype_outlet.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* Messages that may be without confirm or with their row standing; past open_count_max no batch is begun. */
enum { ring_size = 16384, open_count_max = 4096, frames_per_release = 16 };

bool outlet_open(struct outlet *outlet, struct bench_session *session, struct bench_failure *failure) {
  *outlet = (struct outlet){.ids = calloc(ring_size, sizeof *outlet->ids), .first_stored = session->published + 1};
  return ((outlet->ids != NULL && confirm_window_init(&outlet->window, ring_size, outlet->first_stored)) ||
          fail(failure, "no memory for the window")) &&
         wire_open(&outlet->wire, session, failure);
}

void outlet_close(struct outlet *outlet) {
  wire_destroy(&outlet->wire);
  confirm_window_destroy(&outlet->window);
  free(outlet->ids);
}

static amqp_bytes_t bytes_of(struct text text) {
  return (amqp_bytes_t){.len = text.size, .bytes = (void *)(uintptr_t)text.bytes};
}

bool outlet_append(struct outlet *outlet, const struct outgoing *message, struct bench_failure *failure) {
  size_t size_max = message->envelope.size + message->body.size + wire_message_overhead;
  if (!wire_has_room(&outlet->wire, size_max) && !outlet_flush(outlet, failure)) {
    return false;
  }
  if (outlet->window.next - outlet->first_stored == ring_size) {
    return fail(failure, "too many messages without a confirm");
  }
  memcpy(outlet->ids[outlet->window.next % ring_size], message->id, id_size);
  outlet->window.next++;
  outlet->window.open_count++;
  amqp_basic_publish_t method = {.exchange = amqp_cstring_bytes(message->exchange),
                                 .routing_key = bytes_of(message->key),
                                 .mandatory = message->is_mandatory};
  return wire_append_method(&outlet->wire, AMQP_BASIC_PUBLISH_METHOD, &method, failure) &&
         wire_append_encoded(&outlet->wire, bytes_of(message->envelope), bytes_of(message->body), failure);
}

bool outlet_flush(struct outlet *outlet, struct bench_failure *failure) { return wire_flush(&outlet->wire, failure); }

/* A message that came back, or was refused, ends the run. */
static bool on_confirm(void *context, const amqp_frame_t *frame, struct bench_failure *failure) {
  struct outlet *outlet = context;
  if (frame->frame_type == AMQP_FRAME_HEARTBEAT) {
    return true;
  }
  if (frame->frame_type != AMQP_FRAME_METHOD) {
    return fail(failure, "await confirm: unexpected frame of type %d", frame->frame_type);
  }
  bool is_settled = confirm_window_settle(&outlet->window, &frame->payload.method, failure);
  if (++outlet->frame_count % frames_per_release == 0) {
    amqp_maybe_release_buffers_on_channel(outlet->wire.connection, channel_number);
  }
  return is_settled;
}

bool outlet_take_confirms(struct outlet *outlet, struct bench_failure *failure) {
  bool is_empty = false;
  while (!is_empty && outlet->window.open_count > 0) {
    int flags = outlet->window.open_count > open_count_max ? 0 : MSG_DONTWAIT;
    if (!wire_receive_some(&outlet->wire, flags, &is_empty, on_confirm, outlet, failure)) {
      return false;
    }
  }
  return true;
}

bool outlet_await_confirms(struct outlet *outlet, struct bench_failure *failure) {
  while (outlet->window.open_count > 0) {
    if (!wire_receive(&outlet->wire, on_confirm, outlet, failure)) {
      return false;
    }
  }
  return true;
}

size_t outlet_confirmed_count(const struct outlet *outlet) {
  return outlet->window.oldest_open - outlet->first_stored;
}

const uint8_t *outlet_confirmed_id(const struct outlet *outlet, size_t place) {
  return outlet->ids[(outlet->first_stored + place) % ring_size];
}

void outlet_forget(struct outlet *outlet, size_t count) { outlet->first_stored += count; }
