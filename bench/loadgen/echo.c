// Echo: every connection keeps a number of messages in flight.
#include "common.h"
#include "connection.h"
#include "latency.h"
#include "measure.h"
#include "modes.h"
#include "options.h"

static const char *path(const connection *c) {
  (void)c;
  return "/";
}

static void opened(connection *c) {
  (void)c;
  note_opened();
}

static void received(connection *c, uint64_t messages) {
  counted += messages;
  if (c->received >= c->awaited) {
    double time = now();
    record_latency(time - c->awaited_since);
    c->awaited = c->sent + 1;
    c->awaited_since = time;
  }
  send_messages(c, messages);
}

void run_echo(void) {
  mode = (behaviour){path, opened, received, lost};
  create_connections(options.connections);
  open_all(options.connections);
  for (int i = 0; i < options.connections; i++) {
    connections[i].awaited = 1;
    connections[i].awaited_since = now();
    send_messages(&connections[i], options.depth);
  }
  measure_rate();
}
