// One connection: opened without blocking, its handshake, what is due to be written, what came.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "replies.h"

typedef enum { CONNECTING, SHAKING_HANDS, OPEN, ENDED } connection_state;

typedef struct {
  int fd;
  connection_state state;
  uint32_t events;  // what epoll is asked for
  uint64_t due;     // bytes of prepared frames that are to be written
  uint64_t offset;  // where in the prepared frames the next of them is
  uint64_t sent, received;  // messages
  reply_reader reader;
  char *head;  // the answer to the handshake, as far as it came
  size_t head_size;
  uint64_t awaited;  // the latency of one message at a time is taken: its number, and when it was sent
  double awaited_since;
} connection;

// What a mode does with its connections.
typedef struct {
  const char *(*path)(const connection *);
  void (*opened)(connection *);
  void (*received)(connection *, uint64_t messages);
  void (*ended)(connection *);  // by the server
} behaviour;

extern behaviour mode;
extern connection *connections;  // options.connections of them, and one more for broadcasts

void create_connections(int count);
void open_connection(connection *c);
void close_connection(connection *c);
void send_messages(connection *c, uint64_t count);
void send_close(connection *c);

// The Sec-WebSocket-Extensions of the first server's answer; empty without one.
const char *negotiated_extension(void);

// Serves connections until this time, or until `done` says so (NULL: never).
void run_until(double time, int (*done)(void));
