# Runs a program on a pseudo-terminal of a given size: run-in-terminal.py COLUMNS ROWS PROGRAM [ARGUMENT ...]
# Standard input is its keyboard, standard output its screen; the exit code is the program's own.
import fcntl
import os
import pty
import select
import struct
import sys
import termios

columns, rows, command = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
child, terminal = pty.fork()
if child == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    os.execvp(command[0], command)

inputs = [terminal, 0]
while True:
    readable, _, _ = select.select(inputs, [], [])
    if 0 in readable:
        keys = os.read(0, 65536)
        if keys:
            os.write(terminal, keys)
        else:
            inputs.remove(0)
    if terminal in readable:
        try:
            output = os.read(terminal, 65536)
        except OSError:
            break
        if not output:
            break
        os.write(1, output)

_, status = os.waitpid(child, 0)
code = os.waitstatus_to_exitcode(status)
sys.exit(code if code >= 0 else 128 - code)
