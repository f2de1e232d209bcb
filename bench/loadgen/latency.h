// A histogram of latencies.
#pragma once

void clear_latencies(void);
void record_latency(double seconds);
// In microseconds; p from 0 to 1. -1 if nothing was recorded.
double latency_percentile(double p);
