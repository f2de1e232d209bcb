// What every part needs: the time, and a way to give up.
#pragma once

// Seconds on a clock that only goes forward.
double now(void);

// Says what failed, with the system's reason if there is one, and ends the process with 1.
_Noreturn void die(const char *what);
