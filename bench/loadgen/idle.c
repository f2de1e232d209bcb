// Idle: what resting connections cost the server in memory, as it is and after a garbage collection.
#include <signal.h>
#include <stdio.h>

#include "common.h"
#include "connection.h"
#include "measure.h"
#include "modes.h"
#include "options.h"
#include "usage.h"

// For the server to collect its garbage, give memory back, and settle; no longer than it rested.
static double collecting(void) { return options.seconds < 1.5 ? options.seconds : 1.5; }

static const char *path(const connection *c) {
  (void)c;
  return "/";
}

static void opened(connection *c) {
  note_opened();
  if (options.messages > 0) send_messages(c, 1);
}

static void received(connection *c, uint64_t messages) {
  counted += messages;
  if (c->received < (uint64_t)options.messages) send_messages(c, 1);
}

static int all_answered(void) { return counted >= (uint64_t)options.connections * options.messages; }

static double kib_per_connection(long before) {
  return (double)(server_memory() - before) / options.connections;
}

void run_idle(void) {
  mode = (behaviour){path, opened, received, lost};
  long before = server_memory();
  create_connections(options.connections);
  double began = now();
  open_all(options.connections);
  run_until(now() + 20, all_answered);
  if (!all_answered()) die("not every connection had its messages back within 20 s");
  double took = now() - began;
  run_until(now() + options.seconds, NULL);
  double resting = kib_per_connection(before);
  for (int i = 0; i < options.server_count; i++) kill(options.servers[i], SIGUSR2);
  run_until(now() + collecting(), NULL);
  printf("{\"kib\":%.3f,\"kibCollected\":%.3f,\"connections\":%d,\"openingSeconds\":%.2f,\"extension\":\"%s\"}\n",
         resting, kib_per_connection(before), options.connections, took, negotiated_extension());
}
