// A load generator for WebSocket servers: one thread, epoll, and frames made beforehand, so that it is not what limits.
#include <errno.h>
#include <string.h>
#include <sys/resource.h>

#include "common.h"
#include "modes.h"
#include "options.h"
#include "traffic.h"

static const struct {
  const char *name;
  void (*run)(void);
} modes[] = {{"echo", run_echo}, {"broadcast", run_broadcast}, {"idle", run_idle}, {"accept", run_accept}};

// Ten thousand connections are more than most systems allow a process at first.
static void raise_file_limit(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) die("getrlimit");
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) die("setrlimit");
}

int main(int count, char **arguments) {
  read_options(count, arguments);
  raise_file_limit();
  prepare_traffic();
  for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
    if (strcmp(options.mode, modes[i].name) != 0) continue;
    modes[i].run();
    return 0;
  }
  errno = 0;
  die("the mode must be echo, broadcast, idle or accept");
}
