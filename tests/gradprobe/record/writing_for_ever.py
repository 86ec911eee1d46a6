"""A program whose children each write a record until they are killed: `writing_for_ever.py PATH…`.

Says the children's process ids, and ends with its input. Each child says every step that is committed in a file beside its record.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from tests.gradprobe.record.written import steps, writer

BATCH = 5
LONGEST = 60.0
"""Seconds after which a child ends, should nobody have killed it."""


def main() -> None:
    children = []
    for path in sys.argv[1:]:
        child = os.fork()
        if child == 0:
            write(Path(path))
            os._exit(0)
        children.append(child)
    print(*children, flush=True)
    sys.stdin.read()  # Until then a child that was killed keeps its process id.
    for child in children:
        os.waitpid(child, 0)


def write(path: Path) -> None:
    told = os.open(f"{path}.told", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    record = writer(path)
    start, ends = 0, time.monotonic() + LONGEST
    while time.monotonic() < ends:
        record.write(steps(BATCH, start))
        start += BATCH
        os.write(told, f"{start}\n".encode())


if __name__ == "__main__":
    main()
