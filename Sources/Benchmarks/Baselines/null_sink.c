#define _GNU_SOURCE
#include "null_sink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "session.h"
#include "sink_connection.h"

enum { connection_count_max = 64, listener_slot = 0, stop_slot = 1, first_connection_slot = 2 };

struct bench_null_sink {
  pthread_t thread;
  int listener;
  int stop_event;
  int port;
  _Atomic uint64_t message_count;
};

static bool listen_on_loopback(struct bench_null_sink *sink, struct bench_failure *failure) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  sink->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sink->stop_event = eventfd(0, EFD_CLOEXEC);
  if (sink->listener < 0 || sink->stop_event < 0 || bind(sink->listener, (struct sockaddr *)&address, size) < 0 ||
      listen(sink->listener, connection_count_max) < 0 ||
      getsockname(sink->listener, (struct sockaddr *)&address, &size) < 0) {
    return fail(failure, "null sink: %s", strerror(errno));
  }
  sink->port = ntohs(address.sin_port);
  return true;
}

static struct sink_connection *accept_connection(int listener) {
  int socket = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
  if (socket < 0) {
    return NULL;
  }
  int on = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return sink_connection_new(socket);
}

/* A client that leaves early must not end the process: without the signal a write answers EPIPE. */
static void block_broken_pipe_signal(void) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &signals, NULL);
}

static void *serve(void *context) {
  struct bench_null_sink *sink = context;
  block_broken_pipe_signal();
  struct sink_connection *connections[connection_count_max] = {NULL};
  struct pollfd slots[first_connection_slot + connection_count_max];
  slots[listener_slot] = (struct pollfd){.fd = sink->listener, .events = POLLIN};
  slots[stop_slot] = (struct pollfd){.fd = sink->stop_event, .events = POLLIN};
  size_t count = 0;
  while (slots[stop_slot].revents == 0) {
    if (poll(slots, first_connection_slot + count, -1) < 0) {
      continue;
    }
    for (size_t i = 0; i < count;) {
      struct pollfd *slot = &slots[first_connection_slot + i];
      if (slot->revents == 0 || sink_connection_serve(connections[i], &sink->message_count)) {
        i++;
        continue;
      }
      sink_connection_free(connections[i]);
      connections[i] = connections[--count];
      *slot = slots[first_connection_slot + count];
    }
    if (slots[listener_slot].revents != 0 && count < connection_count_max) {
      struct sink_connection *connection = accept_connection(sink->listener);
      if (connection != NULL) {
        slots[first_connection_slot + count] = (struct pollfd){.fd = connection->socket, .events = POLLIN};
        connections[count++] = connection;
      }
    }
  }
  while (count > 0) {
    sink_connection_free(connections[--count]);
  }
  return NULL;
}

static void destroy(struct bench_null_sink *sink) {
  if (sink->listener >= 0) {
    close(sink->listener);
  }
  if (sink->stop_event >= 0) {
    close(sink->stop_event);
  }
  free(sink);
}

struct bench_null_sink *bench_null_sink_start(struct bench_failure *failure) {
  struct bench_null_sink *sink = calloc(1, sizeof *sink);
  if (sink == NULL) {
    fail(failure, "no memory for the null sink");
    return NULL;
  }
  if (!listen_on_loopback(sink, failure)) {
    destroy(sink);
    return NULL;
  }
  int status = pthread_create(&sink->thread, NULL, serve, sink);
  if (status != 0) {
    fail(failure, "null sink: %s", strerror(status));
    destroy(sink);
    return NULL;
  }
  pthread_setname_np(sink->thread, BENCH_NULL_SINK_THREAD);
  return sink;
}

int bench_null_sink_port(const struct bench_null_sink *sink) { return sink->port; }

uint64_t bench_null_sink_message_count(const struct bench_null_sink *sink) {
  return atomic_load_explicit(&sink->message_count, memory_order_relaxed);
}

void bench_null_sink_stop(struct bench_null_sink *sink) {
  eventfd_write(sink->stop_event, 1);
  pthread_join(sink->thread, NULL);
  destroy(sink);
}
