"""A pseudo-terminal that can be looked at, and a program running in it."""

from __future__ import annotations

import fcntl
import os
import select
import struct
import subprocess
import sys
import termios
import time

import pyte

PATIENCE = float(os.environ.get("PATIENCE", "30"))

# A new session has no terminal until it takes one; only then do Ctrl-C and resizing reach its processes.
TAKE_TERMINAL = "import fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0)\n"


class Terminal:
    """A pseudo-terminal, its emulated screen, and the programs that were started in it."""

    def __init__(self, columns=60, rows=24):
        self.main, self.fd = os.openpty()
        os.set_blocking(self.main, False)
        self.screen = pyte.Screen(columns, rows)
        self.stream = pyte.ByteStream(self.screen)
        self.programs = []
        self.resize(columns, rows)

    def resize(self, columns, rows):
        fcntl.ioctl(self.main, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.screen.resize(rows, columns)

    def type(self, text):
        """Write as a program in the terminal does."""
        os.write(self.fd, text.encode())

    def press(self, keys):
        """Send keys as the person at the terminal does."""
        os.write(self.main, keys)

    def lines(self):
        """Return what the screen shows now."""
        try:
            while data := os.read(self.main, 65536):
                self.stream.feed(data)
        except BlockingIOError:
            pass
        return [line.rstrip() for line in self.screen.display]

    @property
    def scrolls_whole(self):
        margins = self.screen.margins
        return margins is None or (margins.top, margins.bottom) == (0, self.screen.lines - 1)

    def wait(self, condition):
        """Read what is written until the condition holds for the screen's lines."""
        until = time.monotonic() + PATIENCE
        while not condition(lines := self.lines()):
            assert time.monotonic() < until, "\n".join(lines)
            select.select([self.main], [], [], 0.05)
        return lines

    def run(self, code, *arguments, **environment):
        """Start Python code as the program in the foreground of this terminal."""
        program = subprocess.Popen(
            [sys.executable, "-c", TAKE_TERMINAL + code, *map(str, arguments)],
            stdin=self.fd,
            stdout=self.fd,
            stderr=self.fd,
            env={**os.environ, "TERM": "xterm-256color", **environment},
            start_new_session=True,
        )
        self.programs.append(program)
        return program

    def close(self):
        for program in self.programs:
            if program.poll() is None:
                program.kill()
            program.wait()
        os.close(self.main)
        os.close(self.fd)
