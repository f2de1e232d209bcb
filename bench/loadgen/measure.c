// Opens connections in portions, and counts for a while.
#include "measure.h"

#include <errno.h>
#include <stdio.h>

#include "common.h"
#include "latency.h"
#include "options.h"
#include "usage.h"

enum { PORTION = 200 };

uint64_t counted;
int stopping;

static int opened, wanted;

static int all_opened(void) { return opened >= wanted; }

void note_opened(void) { opened++; }

void open_all(int count) {
  for (int i = 0; i < count; i++) {
    open_connection(&connections[i]);
    wanted = i + 1;
    // No more at a time than the queue of a listening socket takes.
    if (wanted % PORTION != 0 && wanted != count) continue;
    run_until(now() + 20, all_opened);
    errno = 0;
    if (!all_opened()) die("connections did not open within 20 s");
  }
}

_Noreturn void lost(connection *c) {
  (void)c;
  errno = 0;
  die("the server ended a connection");
}

static void print(uint64_t messages, const processor_usage *before, const processor_usage *after) {
  double time = after->at - before->at, server = after->server - before->server;
  double generator = after->generator - before->generator;
  double others = after->machine - before->machine - server - generator;
  printf("{\"rate\":%.1f,\"p50\":%.1f,\"p99\":%.1f,\"p999\":%.1f,", messages / time, latency_percentile(0.5),
         latency_percentile(0.99), latency_percentile(0.999));
  printf("\"serverLoad\":%.3f,\"generatorLoad\":%.3f,\"otherLoad\":%.3f,", server / time, generator / time,
         others > 0 ? others / time : 0);
  printf("\"cpuPerMessage\":%.3f,\"memory\":%ld,\"extension\":\"%s\"}\n",
         messages > 0 ? server * 1e6 / messages : 0, server_memory(), negotiated_extension());
}

void measure_rate(void) {
  run_until(now() + options.warmup, NULL);
  clear_latencies();
  uint64_t messages = counted;
  processor_usage before = read_usage();
  run_until(before.at + options.seconds, NULL);
  messages = counted - messages;
  processor_usage after = read_usage();
  stopping = 1;
  print(messages, &before, &after);
}
