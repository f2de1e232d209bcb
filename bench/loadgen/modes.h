// The loads, one file each. Each runs to its end and prints one line of JSON.
#pragma once

void run_echo(void);
void run_broadcast(void);
void run_idle(void);
void run_accept(void);
