"""Run directories: where a run is kept, and which one is meant when none is named."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from gradprobe.errors import RecordError
from gradprobe.launch import Launch
from gradprobe.record.joining import join_run

HOME: Final = ".gradprobe"
"""Directory below the working directory that holds the runs, with a `.gitignore` of its own."""

_ALONE: Final = Launch()


def record_path(run: Path, rank: int = 0) -> Path:
    """Return the file that holds a rank's record in a run directory."""
    return run / f"rank-{rank}.sqlite"


def child_path(run: Path, pid: int) -> Path:
    """Return the file that holds the record of a process that a recorded program has started."""
    return run / f"process-{pid}.sqlite"


def create_run(script: str, *, output: Path | None, launched: Launch = _ALONE) -> Path:
    """Create the directory of a new run and return it; of a job of several processes it is one for all.

    Args:
        script: Name of the program, for the directory's name.
        output: The directory itself, where the user named one.
        launched: Which rank of which job this process is.

    Raises:
        RecordError: If the directory cannot be created, or holds a record of this rank already.
    """
    try:
        run = _named(output) if output is not None else _new(script, launched)
    except OSError as error:
        place = output or _home()
        raise RecordError(
            f"expected to create the run directory {place}: {error.strerror}; name a place that can be written with --output DIR"
        ) from error
    if record_path(run, launched.rank).exists() and not launched.restarts:
        raise RecordError(
            f"expected a new or empty directory, found a run in {run}; name another directory with --output, or remove this one"
        )
    return run


def find_run(named: Path | None) -> Path:
    """Return the run directory that is meant: the one named, or the newest below `.gradprobe/`.

    Raises:
        RecordError: If there is none, or it holds no record.
    """
    if named is not None:
        if _holds(named.is_file):
            return named.parent
        if not _holds(named.exists) and _holds((_home() / named).is_dir):
            named = _home() / named
        if not _holds(named.exists):
            raise RecordError(f"expected a run directory, found nothing at {named}; {_known()}")
        if not rank_files(named):
            raise RecordError(f"expected a run directory, found no record in {named}; {_known()}")
        return named
    runs = _runs()
    if not runs:
        raise RecordError(f"expected a run below {_home()}, found none; record one with `gradprobe run train.py`")
    return runs[-1]


def find_record(named: Path | None) -> Path:
    """Return the record that is meant: the file named, or the lowest rank's of the run that is meant.

    Raises:
        RecordError: If there is none.
    """
    if named is not None and _holds(named.is_file):
        return named
    return rank_files(find_run(named))[0]


def rank_files(run: Path) -> list[Path]:
    """Return the records of a run directory: those of ranks by their number, then those of processes that they started."""
    found = [path for kind in ("rank", "process") for path in run.glob(f"{kind}-*.sqlite")]
    return sorted(found, key=lambda path: (path.name.startswith("process"), len(path.name), path.name))


def _home() -> Path:
    try:
        return Path.cwd() / HOME
    except OSError:  # The working directory was removed.
        return Path(HOME)


def _holds(question: Callable[[], bool]) -> bool:
    """Return what a question about a path comes to; no, where the path is too long or may not be asked about."""
    try:
        return question()
    except OSError:
        return False


def _named(output: Path) -> Path:
    output.mkdir(parents=True, exist_ok=True)
    probe = output / f".writable-{time.time_ns()}"
    probe.touch()
    probe.unlink()
    return output


def _new(script: str, launched: Launch) -> Path:
    home = _home()
    home.mkdir(exist_ok=True)
    ignore = home / ".gitignore"
    if not ignore.exists():
        ignore.write_text("# Made by gradprobe.\n*\n")
    if not launched.job:
        return _dated(home, script)
    own = partial(record_path, rank=launched.rank)
    return join_run(home, launched.job, lambda run: not own(run).exists(), partial(_dated, home, script))


def _dated(home: Path, script: str) -> Path:
    name = f"{_stem(script)}-{time.strftime('%Y%m%d-%H%M%S')}"
    for attempt in range(1, 1000):
        run = home / (name if attempt == 1 else f"{name}-{attempt}")
        try:
            run.mkdir()
        except FileExistsError:
            continue
        return run
    raise FileExistsError(17, "a thousand runs were started in this second", str(home))


def _stem(script: str) -> str:
    """Return what a directory can be called after a program: at most 80 bytes, half of what file systems allow."""
    name = script.removeprefix("-m ") if script.startswith("-m ") else Path(script).stem
    plain = "".join(letter if letter.isalnum() or letter in "._-" else "-" for letter in name)
    return plain.encode()[:80].decode(errors="ignore") or "run"


def _runs() -> list[Path]:
    home = _home()
    runs = [path for path in home.iterdir() if path.is_dir() and rank_files(path)] if home.is_dir() else []
    return sorted(runs, key=lambda path: (rank_files(path)[0].stat().st_mtime_ns, path.name))


def _known() -> str:
    runs = _runs()
    return f"the newest is {runs[-1]}" if runs else "record one with `gradprobe run train.py`"
