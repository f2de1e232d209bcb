// Broadcast: one connection sends, all others receive; the next broadcast goes out when the oldest has reached everybody.
#include "common.h"
#include "connection.h"
#include "latency.h"
#include "measure.h"
#include "modes.h"
#include "options.h"

// The subscribers come first, so that all are there when the publisher has opened.
static connection *publisher(void) { return &connections[options.connections]; }

static uint64_t subscribers(void) { return options.connections; }

static const char *path(const connection *c) { return c == publisher() ? "/pub" : "/sub"; }

static void opened(connection *c) {
  (void)c;
  note_opened();
}

// One connection stands for all: how long a broadcast takes to come back to it.
static void note_latency(connection *c) {
  if (c != &connections[0] || c->received < c->awaited) return;
  double time = now();
  if (c->awaited > 0) record_latency(time - c->awaited_since);
  c->awaited = publisher()->sent + 1;
  c->awaited_since = time;
}

static void received(connection *c, uint64_t messages) {
  counted += messages;
  note_latency(c);
  connection *p = publisher();
  uint64_t complete = counted / subscribers();
  while (p->sent < complete + options.depth) send_messages(p, 1);
}

void run_broadcast(void) {
  mode = (behaviour){path, opened, received, lost};
  create_connections(options.connections + 1);
  open_all(options.connections + 1);
  send_messages(publisher(), options.depth);
  measure_rate();
}
