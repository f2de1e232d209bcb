// Processor time and memory: of the server, of this process, and of all that runs on the machine.
#pragma once

typedef struct {
  double at;         // when these were read
  double server;     // seconds of processor time since the start of the process
  double generator;
  double machine;
} processor_usage;

processor_usage read_usage(void);

// KiB of resident memory of the server; 0 where nobody's is to be read.
long server_memory(void);
