// A WebSocket load generator for echo servers: one thread, epoll, frames made beforehand, so that it is never the bottleneck.
//
//   loadgen PORT CONNECTIONS DEPTH SIZE text|binary WARMUP_SECONDS SECONDS
//
// Each connection keeps DEPTH messages of SIZE bytes in flight. Prints the echoes per second as a number. Every echo is
// counted by its length, and the first reply of each connection is compared byte for byte.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static const uint8_t key[4] = {0x12, 0x34, 0x56, 0x78};

typedef struct {
  int fd;
  int wants_write;
  uint64_t to_send;   // bytes of frames that are due and not written
  uint64_t offset;    // where in the frame the next byte to write is
  uint64_t received;  // bytes of the reply under way
  int checked;
} connection;

static uint8_t *frame;  // one masked frame, as many times as fit a write
static uint64_t frame_size, frames_size;
static uint8_t *reply;  // one frame as the server must send it
static uint64_t reply_size;
static uint64_t echoes;
static uint8_t buffer[1 << 20];

static void die(const char *what) {
  fprintf(stderr, "loadgen: %s: %s\n", what, strerror(errno));
  exit(1);
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec * 1e-9;
}

// RFC 6455, section 5.2. Returns the size of the header.
static int put_header(uint8_t *at, int opcode, uint64_t size, int masked) {
  int length = 2;
  at[0] = 0x80 | opcode;
  if (size < 126) {
    at[1] = size;
  } else if (size < 65536) {
    at[1] = 126;
    at[2] = size >> 8;
    at[3] = size;
    length = 4;
  } else {
    at[1] = 127;
    for (int i = 0; i < 8; i++) at[2 + i] = size >> (8 * (7 - i));
    length = 10;
  }
  if (!masked) return length;
  at[1] |= 0x80;
  memcpy(at + length, key, 4);
  return length + 4;
}

static void make_frames(uint64_t size, int binary) {
  int opcode = binary ? 2 : 1;
  uint8_t *one = malloc(size + 14);
  int header = put_header(one, opcode, size, 1);
  for (uint64_t i = 0; i < size; i++) one[header + i] = ('a' + i % 26) ^ key[i % 4];
  frame_size = header + size;
  uint64_t times = 1 + 262144 / frame_size;
  frames_size = times * frame_size;
  frame = malloc(frames_size);
  for (uint64_t i = 0; i < times; i++) memcpy(frame + i * frame_size, one, frame_size);
  reply = malloc(size + 14);
  header = put_header(reply, opcode, size, 0);
  for (uint64_t i = 0; i < size; i++) reply[header + i] = 'a' + i % 26;
  reply_size = header + size;
  free(one);
}

static int open_connection(int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
  int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
  if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0) die("connect");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  char request[256];
  int length = snprintf(request, sizeof request,
                        "GET / HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n", port);
  if (write(fd, request, length) != length) die("request");
  char answer[2048];
  int got = 0;
  while (got < (int)sizeof answer - 1) {
    if (read(fd, answer + got, 1) != 1) die("answer");
    answer[++got] = 0;
    if (got >= 4 && memcmp(answer + got - 4, "\r\n\r\n", 4) == 0) break;
  }
  if (strncmp(answer, "HTTP/1.1 101", 12) != 0) die("the server did not answer 101");
  fcntl(fd, F_SETFL, O_NONBLOCK);
  return fd;
}

static void write_due(connection *c, int epoll) {
  while (c->to_send > 0) {
    uint64_t piece = frames_size - c->offset;
    if (piece > c->to_send) piece = c->to_send;
    ssize_t written = write(c->fd, frame + c->offset, piece);
    if (written < 0 && errno != EAGAIN) die("write");
    if (written <= 0) break;
    c->to_send -= written;
    c->offset = (c->offset + written) % frame_size;
  }
  int wants_write = c->to_send > 0;
  if (wants_write == c->wants_write) return;
  c->wants_write = wants_write;
  struct epoll_event event = {.events = EPOLLIN | (wants_write ? EPOLLOUT : 0), .data.ptr = c};
  epoll_ctl(epoll, EPOLL_CTL_MOD, c->fd, &event);
}

static void read_replies(connection *c) {
  ssize_t size = read(c->fd, buffer, sizeof buffer);
  if (size == 0) die("the server hung up");
  if (size < 0 && errno != EAGAIN) die("read");
  if (size <= 0) return;
  if (!c->checked) {
    uint64_t left = reply_size - c->received;
    uint64_t piece = (uint64_t)size < left ? (uint64_t)size : left;
    if (memcmp(buffer, reply + c->received, piece) != 0) die("the echo differs from what was sent");
    c->checked = piece == left;
  }
  c->received += size;
  uint64_t whole = c->received / reply_size;
  c->received %= reply_size;
  echoes += whole;
  c->to_send += whole * frame_size;
}

int main(int count, char **arguments) {
  if (count != 8) {
    fprintf(stderr, "usage: loadgen PORT CONNECTIONS DEPTH SIZE text|binary WARMUP SECONDS\n");
    return 2;
  }
  int port = atoi(arguments[1]), connections = atoi(arguments[2]), depth = atoi(arguments[3]);
  double warmup = atof(arguments[6]), seconds = atof(arguments[7]);
  make_frames(strtoull(arguments[4], 0, 10), strcmp(arguments[5], "binary") == 0);

  int epoll = epoll_create1(0);
  connection *all = calloc(connections, sizeof *all);
  for (int i = 0; i < connections; i++) {
    all[i].fd = open_connection(port);
    all[i].to_send = depth * frame_size;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &all[i]};
    epoll_ctl(epoll, EPOLL_CTL_ADD, all[i].fd, &event);
  }
  for (int i = 0; i < connections; i++) write_due(&all[i], epoll);

  double begin = now() + warmup, end = begin + seconds, counted_from = 0;
  uint64_t before = 0;
  for (double time = now(); time < end; time = now()) {
    if (counted_from == 0 && time >= begin) {
      counted_from = time;
      before = echoes;
    }
    struct epoll_event events[256];
    int ready = epoll_wait(epoll, events, 256, 100);
    for (int i = 0; i < ready; i++) {
      connection *c = events[i].data.ptr;
      if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) read_replies(c);
      write_due(c, epoll);
    }
  }
  printf("%.0f\n", (echoes - before) / (now() - counted_from));
  return 0;
}
