// Reads /proc. Processor time comes in ticks of 10 ms there: fine for measurements of a second and more.
#include "usage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common.h"
#include "options.h"

static double ticks(unsigned long count) { return (double)count / sysconf(_SC_CLK_TCK); }

static double seconds_of(pid_t process) {
  char path[64], line[1024];
  snprintf(path, sizeof path, "/proc/%d/stat", process);
  FILE *file = fopen(path, "r");
  if (file == NULL) return 0;
  size_t size = fread(line, 1, sizeof line - 1, file);
  fclose(file);
  line[size] = 0;
  // The name of the program, in parentheses, may hold spaces: count fields from behind it.
  const char *behind = strrchr(line, ')');
  unsigned long user = 0, system = 0;
  if (behind != NULL) sscanf(behind + 2, "%*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %lu %lu", &user, &system);
  return ticks(user + system);
}

static double server_seconds(void) {
  double seconds = 0;
  for (int i = 0; i < options.server_count; i++) seconds += seconds_of(options.servers[i]);
  return seconds;
}

static double own_seconds(void) {
  struct rusage used;
  getrusage(RUSAGE_SELF, &used);
  return used.ru_utime.tv_sec + used.ru_stime.tv_sec + (used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1e-6;
}

static double machine_seconds(void) {
  FILE *file = fopen("/proc/stat", "r");
  if (file == NULL) return 0;
  unsigned long user = 0, nice = 0, system = 0, interrupts = 0, soft = 0;
  int read = fscanf(file, "cpu %lu %lu %lu %*u %*u %lu %lu", &user, &nice, &system, &interrupts, &soft);
  fclose(file);
  return read == 5 ? ticks(user + nice + system + interrupts + soft) : 0;
}

processor_usage read_usage(void) {
  return (processor_usage){
      .at = now(), .server = server_seconds(), .generator = own_seconds(), .machine = machine_seconds()};
}

static long memory_of(pid_t process) {
  char path[64], line[256];
  snprintf(path, sizeof path, "/proc/%d/status", process);
  FILE *file = fopen(path, "r");
  if (file == NULL) return 0;
  long kib = 0;
  while (fgets(line, sizeof line, file) != NULL) {
    if (strncmp(line, "VmRSS:", 6) == 0) kib = atol(line + 6);
  }
  fclose(file);
  return kib;
}

long server_memory(void) {
  long kib = 0;
  for (int i = 0; i < options.server_count; i++) kib += memory_of(options.servers[i]);
  return kib;
}
