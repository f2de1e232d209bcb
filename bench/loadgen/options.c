// Reads the command line.
#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

load_options options = {
    .mode = "", .connections = 100, .depth = 1, .size = 20, .warmup = 1, .seconds = 2};

static const char usage[] =
    "usage: loadgen MODE --port N [options]\n"
    "\n"
    "  echo       every connection keeps --depth messages in flight\n"
    "  broadcast  one connection to /pub sends, --connections to /sub receive; --depth broadcasts in flight\n"
    "  idle       opens connections, sends --messages on each, and reads the server's memory\n"
    "  accept     --connections loops of connect, handshake, closing handshake\n"
    "\n"
    "  --connections N  --depth N  --size BYTES  --binary  --payload FILE  --compressed  --raw\n"
    "  --messages N  --warmup SECONDS  --seconds SECONDS  --server PID[,PID]\n";

static const struct option flags[] = {
    {"port", required_argument, 0, 'p'},     {"connections", required_argument, 0, 'c'},
    {"depth", required_argument, 0, 'd'},    {"size", required_argument, 0, 's'},
    {"binary", no_argument, 0, 'b'},         {"raw", no_argument, 0, 'r'},
    {"compressed", no_argument, 0, 'z'},     {"payload", required_argument, 0, 'f'},
    {"messages", required_argument, 0, 'm'}, {"warmup", required_argument, 0, 'w'},
    {"seconds", required_argument, 0, 't'},  {"server", required_argument, 0, 'P'},
    {0, 0, 0, 0},
};

static void fail(void) {
  fputs(usage, stderr);
  exit(2);
}

// Process ids with commas between them.
static void read_servers(char *list) {
  options.server_count = 0;
  for (char *word = strtok(list, ","); word != NULL; word = strtok(NULL, ",")) {
    if (options.server_count == MAX_SERVERS) fail();
    options.servers[options.server_count++] = atoi(word);
  }
}

void read_options(int count, char **arguments) {
  int flag;
  while ((flag = getopt_long(count, arguments, "", flags, 0)) != -1) {
    switch (flag) {
      case 'p': options.port = atoi(optarg); break;
      case 'c': options.connections = atoi(optarg); break;
      case 'd': options.depth = atoi(optarg); break;
      case 's': options.size = strtoull(optarg, 0, 10); break;
      case 'b': options.binary = 1; break;
      case 'r': options.raw = 1; break;
      case 'z': options.compressed = 1; break;
      case 'f': options.payload = optarg; break;
      case 'm': options.messages = atoi(optarg); break;
      case 'w': options.warmup = atof(optarg); break;
      case 't': options.seconds = atof(optarg); break;
      case 'P': read_servers(optarg); break;
      default: fail();
    }
  }
  if (optind != count - 1 || options.port <= 0 || options.connections <= 0 || options.depth <= 0) fail();
  options.mode = arguments[optind];
}
