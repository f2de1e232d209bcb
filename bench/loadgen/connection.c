// Sockets, epoll and the opening handshake.
#define _GNU_SOURCE
#include "connection.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common.h"
#include "options.h"
#include "traffic.h"

enum { READ_SIZE = 1 << 20, READS_IN_A_ROW = 4, EVENTS = 1024 };

behaviour mode;
connection *connections;

static int epoll;
static uint8_t buffer[READ_SIZE];
static char extension[200];

void create_connections(int count) {
  epoll = epoll_create1(0);
  connections = calloc(count, sizeof *connections);
  if (epoll < 0 || connections == NULL) die("connections");
}

static void watch(connection *c, uint32_t events) {
  if (c->events == events) return;
  struct epoll_event event = {.events = events, .data.ptr = c};
  epoll_ctl(epoll, c->events == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, c->fd, &event);
  c->events = events;
}

void open_connection(connection *c) {
  memset(c, 0, sizeof *c);
  c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (c->fd < 0) die("socket");
  int on = 1;
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(options.port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(c->fd, (struct sockaddr *)&address, sizeof address) < 0 && errno != EINPROGRESS) die("connect");
  watch(c, EPOLLIN | EPOLLOUT);
}

// With a reset: thousands of closed connections a second would use up the ports while they lingered.
void close_connection(connection *c) {
  struct linger reset = {.l_onoff = 1, .l_linger = 0};
  setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  close(c->fd);
  free(c->head);
  c->head = NULL;
  c->state = ENDED;
}

// With a masking key of zeros, which leaves the payload as it is. Only between frames: when nothing is due.
static void send_pong(connection *c) {
  uint8_t frame[6 + MAX_CONTROL] = {0x8a, 0x80 | c->reader.ping_size, 0, 0, 0, 0};
  int size = 6 + c->reader.ping_size;
  memcpy(frame + 6, c->reader.ping, c->reader.ping_size);
  if (send(c->fd, frame, size, MSG_NOSIGNAL) != size) die("write of a pong");
  c->reader.ping_seen = 0;
}

static void write_due(connection *c) {
  while (c->due > 0) {
    uint64_t piece = traffic.frames_size - c->offset;
    if (piece > c->due) piece = c->due;
    ssize_t written = send(c->fd, traffic.frames + c->offset, piece, MSG_NOSIGNAL);
    if (written < 0 && errno != EAGAIN) die("write");
    if (written < 0) break;
    c->due -= written;
    c->offset = (c->offset + written) % traffic.frames_size;
  }
  if (c->due == 0 && c->reader.ping_seen) send_pong(c);
  watch(c, c->due > 0 ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

void send_messages(connection *c, uint64_t count) {
  c->sent += count;
  c->due += count * traffic.frame_size;
  write_due(c);
}

void send_close(connection *c) {
  static const uint8_t frame[] = {0x88, 0x82, 0, 0, 0, 0, 1000 >> 8, 1000 & 0xff};
  if (send(c->fd, frame, sizeof frame, MSG_NOSIGNAL) != sizeof frame) die("write of a Close");
}

static void send_request(connection *c) {
  char request[512];
  int size = snprintf(request, sizeof request,
                      "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%s\r\n",
                      mode.path(c), options.port,
                      options.compressed
                          ? "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
                          : "");
  if (send(c->fd, request, size, MSG_NOSIGNAL) != size) die("write of a request");
  c->state = SHAKING_HANDS;
  watch(c, EPOLLIN);
}

static void note_extension(const char *head) {
  static const char name[] = "\r\nsec-websocket-extensions:";
  const char *found = strcasestr(head, name);
  if (found == NULL || extension[0] != 0) return;
  found += sizeof name - 1;
  found += strspn(found, " ");
  snprintf(extension, sizeof extension, "%.*s", (int)strcspn(found, "\r\"\\"), found);
}

const char *negotiated_extension(void) { return extension; }

static void check_head(const char *head) {
  errno = 0;
  if (strncmp(head, "HTTP/1.1 101", 12) != 0) {
    fprintf(stderr, "loadgen: the server answered: %.*s\n", (int)strcspn(head, "\r"), head);
    exit(1);
  }
  // The answer to the key above, as RFC 6455 has it in section 1.3.
  if (strstr(head, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") == NULL) die("the server did not answer the key");
  note_extension(head);
  if (options.compressed && strstr(extension, "permessage-deflate") == NULL) {
    die("the server did not accept permessage-deflate");
  }
}

// Returns how many of these bytes belong to the head; the others are frames.
static size_t read_head(connection *c, const uint8_t *bytes, size_t size) {
  c->head = realloc(c->head, c->head_size + size + 1);
  memcpy(c->head + c->head_size, bytes, size);
  c->head[c->head_size + size] = 0;
  const char *end = strstr(c->head, "\r\n\r\n");
  if (end == NULL) {
    c->head_size += size;
    return size;
  }
  check_head(c->head);
  size_t used = end + 4 - c->head - c->head_size;
  free(c->head);
  c->head = NULL;
  c->state = OPEN;
  mode.opened(c);
  return used;
}

static void take(connection *c, const uint8_t *bytes, size_t size) {
  if (c->state == SHAKING_HANDS) {
    size_t used = read_head(c, bytes, size);
    bytes += used;
    size -= used;
  }
  if (size == 0) return;
  uint64_t messages = (options.raw ? count_raw_replies : count_replies)(&c->reader, bytes, size);
  c->received += messages;
  if (messages > 0) mode.received(c, messages);
  if (c->reader.ping_seen) write_due(c);
  if (c->reader.close_seen) mode.ended(c);
}

static void read_available(connection *c) {
  for (int i = 0; i < READS_IN_A_ROW; i++) {
    // Ended, or opened anew, by what was read before.
    if (c->state != SHAKING_HANDS && c->state != OPEN) return;
    ssize_t size = recv(c->fd, buffer, sizeof buffer, 0);
    if (size < 0 && errno == EAGAIN) return;
    if (size < 0) die("read");
    if (size == 0) {
      mode.ended(c);
      return;
    }
    take(c, buffer, size);
    if ((size_t)size < sizeof buffer) return;
  }
}

static void connected(connection *c) {
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &size);
  errno = error;
  if (error != 0) die("connect");
  if (!options.raw) {
    send_request(c);
    return;
  }
  c->state = OPEN;
  watch(c, EPOLLIN);
  mode.opened(c);
}

static void serve_events(connection *c, uint32_t events) {
  if (c->state == ENDED) return;
  if (c->state == CONNECTING) {
    connected(c);
    return;
  }
  if (events & EPOLLOUT) write_due(c);
  if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) read_available(c);
}

void run_until(double end, int (*done)(void)) {
  struct epoll_event events[EVENTS];
  for (double time = now(); time < end; time = now()) {
    if (done != NULL && done()) return;
    double wait = end - time;
    int ready = epoll_wait(epoll, events, EVENTS, wait > 0.1 ? 100 : (int)(wait * 1000) + 1);
    for (int i = 0; i < ready; i++) serve_events(events[i].data.ptr, events[i].events);
  }
}
