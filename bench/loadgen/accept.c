// Accept: loops of connect, opening handshake, closing handshake.
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

static void begin(connection *c) {
  double time = now();
  open_connection(c);
  c->awaited_since = time;
}

static void opened(connection *c) { send_close(c); }

static void received(connection *c, uint64_t messages) {
  (void)c;
  (void)messages;
}

static void ended(connection *c) {
  if (!c->reader.close_seen) lost(c);
  record_latency(now() - c->awaited_since);
  close_connection(c);
  counted++;
  if (!stopping) begin(c);
}

void run_accept(void) {
  mode = (behaviour){path, opened, received, ended};
  create_connections(options.connections);
  for (int i = 0; i < options.connections; i++) begin(&connections[i]);
  measure_rate();
}
