// What the load generator is told on its command line.
#pragma once
#include <stddef.h>
#include <sys/types.h>

enum { MAX_SERVERS = 64 };

typedef struct {
  const char *mode;
  int port;
  int connections;
  int depth;            // messages in flight on each connection
  size_t size;          // bytes of a message
  int binary;
  int raw;              // no WebSocket: the same bytes to a server that sends back what comes
  int compressed;       // offer permessage-deflate; the payload file holds a compressed message
  const char *payload;  // a file with the message; without one it is made
  int messages;         // idle: messages on each connection before it rests
  double warmup, seconds;
  pid_t servers[MAX_SERVERS];  // whose processor time and memory are read, and summed
  int server_count;
} load_options;

extern load_options options;

void read_options(int count, char **arguments);
