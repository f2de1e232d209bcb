// Latencies in buckets: of 1/8 microsecond up to 4 ms, of 4 microseconds up to 135 ms, and one for all above.
#include "latency.h"

#include <stdint.h>
#include <string.h>

enum { FINE = 32768, COARSE = 32768, STEPS = 32, BUCKETS = FINE + COARSE };

static uint32_t buckets[BUCKETS];
static uint64_t recorded;

void clear_latencies(void) {
  memset(buckets, 0, sizeof buckets);
  recorded = 0;
}

void record_latency(double seconds) {
  uint64_t eighths = seconds * 8e6;
  uint64_t bucket = eighths < FINE ? eighths : FINE + (eighths - FINE) / STEPS;
  buckets[bucket < BUCKETS ? bucket : BUCKETS - 1]++;
  recorded++;
}

double latency_percentile(double p) {
  uint64_t wanted = recorded * p, seen = 0;
  for (int i = 0; i < BUCKETS; i++) {
    seen += buckets[i];
    if (seen > wanted) return (i < FINE ? i : FINE + (double)(i - FINE) * STEPS) / 8;
  }
  return -1;
}
