"""One run directory for all processes of a job, found without a word between them.

The first process that comes makes the directory and notes the job in it; the others find it by that note. Nobody waits for
anybody, but for a lock that is held for milliseconds: a probe must not be able to hold up a job. On several machines
it is one directory where they share a file system, and one for each machine where they do not.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

NOTE: Final = "job.json"
"""File in a run directory that says which job it belongs to."""
JUDGED: Final = ".judged"
"""File in the run directory of a job by which one of its processes says that it judges for all."""
LATEST: Final = 300.0
"""Seconds within which the processes of a job begin: an older directory of the same name of job is another run's."""
_LONGEST_WAIT: Final = 5.0
_PAUSE: Final = 0.005


def join_run(home: Path, job: str, is_free: Callable[[Path], bool], create: Callable[[], Path]) -> Path:
    """Return the run directory of a job: the one that another process of it has made, or a new one.

    Args:
        home: Directory that holds the runs.
        job: What tells this job from others.
        is_free: Whether this process's own record is not in a run directory yet.
        create: Makes a new run directory.
    """
    with _locked(home / ".joining"):
        joined = _made_by_others(home, job, is_free)
        if joined is not None:
            return joined
        run = create()
        (run / NOTE).write_text(json.dumps({"job": job, "time": time.time()}) + "\n")
        return run


def claim_judgement(run: Path) -> bool:
    """Return whether no other process of the job has said that it judges the run; from then on, this one has."""
    try:
        (run / JUDGED).touch(exist_ok=False)
    except FileExistsError:
        return False
    except OSError:  # Nobody can: two reports are better than none.
        return True
    return True


def _made_by_others(home: Path, job: str, is_free: Callable[[Path], bool]) -> Path | None:
    """Return the newest run directory of the job that lacks this process's record."""
    found = []
    for note in home.glob(f"*/{NOTE}"):
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):  # Somebody else's file, or half of one.
            told = json.loads(note.read_text())
            if told["job"] == job and time.time() - float(told["time"]) < LATEST and is_free(note.parent):
                found.append((float(told["time"]), note.parent))
    return max(found)[1] if found else None


@contextlib.contextmanager
def _locked(lock: Path) -> Iterator[None]:
    """Hold a lock that any file system has, a directory; one that was left behind, or that is held for long, is passed over."""
    until, is_mine = time.monotonic() + _LONGEST_WAIT, False
    while not is_mine and time.monotonic() < until:
        try:
            lock.mkdir()
            is_mine = True
        except FileExistsError:
            with contextlib.suppress(OSError):
                if time.time() - lock.stat().st_mtime > _LONGEST_WAIT:
                    lock.rmdir()
            time.sleep(_PAUSE)
    try:
        yield
    finally:
        if is_mine:
            with contextlib.suppress(OSError):
                lock.rmdir()
