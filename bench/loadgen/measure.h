// What the modes that count messages share: opening all connections, warming up, measuring, and the line of JSON.
#pragma once
#include <stdint.h>

// Counted by the mode that runs.
extern uint64_t counted;
extern int stopping;  // set when measuring is over: nothing more is sent

// Opens that many connections, some hundred at a time, and waits until `opened` of them have finished their handshake.
void open_all(int count);
void note_opened(void);

// The server ended a connection that should have stayed.
#include "connection.h"
_Noreturn void lost(connection *c);

// Warms up, measures, prints.
void measure_rate(void);
