// The time, and giving up.
#include "common.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec * 1e-9;
}

_Noreturn void die(const char *what) {
  if (errno != 0) fprintf(stderr, "loadgen: %s: %s\n", what, strerror(errno));
  else fprintf(stderr, "loadgen: %s\n", what);
  exit(1);
}
