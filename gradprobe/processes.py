"""Whether another process of this machine is still there."""

from __future__ import annotations

import os
from pathlib import Path


def is_alive(pid: int) -> bool:
    """Return whether a process runs; yes, where that cannot be told. One that has ended and was not waited for does not."""
    if pid <= 0 or os.name == "nt":  # There, signal 0 is Ctrl-C, and any other ends the process.
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # Somebody else's.
    return not _is_zombie(pid)


def _is_zombie(pid: int) -> bool:
    """Return whether only the entry of a process is left, where the system has Linux's files that say so."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return False
    return status.rpartition(")")[2].split()[:1] == ["Z"]
