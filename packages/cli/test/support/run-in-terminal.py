# Runs a program on a pseudo-terminal of a given size: run-in-terminal.py COLUMNS ROWS PROGRAM [ARGUMENT ...]
# Standard input is its keyboard, standard output its screen; the exit code is the program's own. If it stops itself, as by Ctrl-Z,
# that is written to the screen, and it is continued at once. SIGTERM kills it, and what it writes to files is over when this ends.
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios

columns, rows, command = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]


def exit_code(status):
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def run_as_shell():
    """Runs the program in the foreground, in a process group of its own: without a shell above it, it cannot be stopped."""
    program = os.fork()
    if program == 0:
        os.setpgid(0, 0)
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        os.tcsetpgrp(0, os.getpid())
        signal.signal(signal.SIGTTOU, signal.SIG_DFL)
        os.execvp(command[0], command)
    while True:
        _, status = os.waitpid(program, os.WUNTRACED)
        if not os.WIFSTOPPED(status):
            return exit_code(status)
        os.write(1, b"\r\nstopped\r\n")
        os.killpg(program, signal.SIGCONT)


child, terminal = pty.fork()
if child == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    os._exit(run_as_shell())


def kill_program(*_):
    try:
        group = os.tcgetpgrp(terminal)
        # A terminal whose program is over has group 0, and to kill that would be to kill our own: the tests, and whoever runs them.
        if group > 0:
            os.killpg(group, signal.SIGKILL)
    except OSError:
        pass  # It ends this very moment.


signal.signal(signal.SIGTERM, kill_program)

# A program that is busy writing does not read: its screen must not wait for its keyboard.
os.set_blocking(terminal, False)
inputs = [terminal, 0]
keys = b""
while True:
    readable, writable, _ = select.select(inputs, [terminal] if keys else [], [])
    if 0 in readable:
        pressed = os.read(0, 65536)
        keys += pressed
        if not pressed:
            inputs.remove(0)
    if writable:
        keys = keys[os.write(terminal, keys) :]
    if terminal in readable:
        try:
            output = os.read(terminal, 65536)
        except OSError:
            break
        if not output:
            break
        os.write(1, output)

_, status = os.waitpid(child, 0)
sys.exit(exit_code(status))
