"""Reads a record whole, also one that is being written, was cut off by SIGKILL, or lies in a read-only place."""

from __future__ import annotations

import json
import platform
import shutil
import sqlite3
import stat
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gradprobe.errors import RecordError
from gradprobe.processes import is_alive
from gradprobe.record import arrays, schema
from gradprobe.record.codec import decode_account, decode_call, decode_incident, decode_observed, decode_site
from gradprobe.record.record import (
    Account,
    CallSeen,
    GradientCounts,
    IncidentSeen,
    Metric,
    Module,
    ObservationSeen,
    Optimizer,
    Parameter,
    Record,
    Steps,
)
from gradprobe.record.totals import COLUMNS
from gradprobe.values import RunFacts

_ADVICE: Final = "name a run directory that `gradprobe run` wrote, for instance one below .gradprobe/"
_OTHER: Final = {"loss": "at backward", "gradprobe": "of gradprobe"}
"""What is added to a metric's name where the script logged another under the same name, by its source; `of <source>` for the rest."""
_ORDER: Final = {"log": 0, "loss": 2, "gradprobe": 3}
"""Whose metric keeps a name that several sources have used, lowest first; frameworks and trackers are 1, the first one first."""
_TRACKED: Final = "tracked_"
"""A fact that begins so says where the script logged to; the rest of its name is the tracker's."""
_STEP: Final = (
    "id, span, time, seconds, pattern, norms, lowest, highest, learning_rates, metrics, metrics_lowest, metrics_highest"
)
Logged: TypeAlias = "tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]"
"""`[rows, metrics]` newest, lowest and highest values; one array three times where nothing is thinned."""
_SMALLEST_PAGE: Final = 512
"""Bytes of the smallest SQLite database that is not empty."""


def read_record(path: Path, *, ranks: int = 1) -> Record:
    """Read the record of one rank.

    Args:
        path: The record's file.
        ranks: How many ranks the run has, for its facts.

    Raises:
        RecordError: If the file is missing, empty, foreign, newer than this gradprobe, or damaged beyond reading.
    """
    with opened(path) as connection:
        return _read(connection, path, ranks)


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a record for reading, as one consistent snapshot; what goes wrong in reading it is said as one line.

    Raises:
        RecordError: If the file is missing, empty, foreign, newer than this gradprobe, or damaged beyond reading.
    """
    _expect_file(path)
    try:
        with _opened(path) as connection:
            _expect_record(connection, path)
            yield connection
    except OSError as error:
        raise RecordError(f"expected a record at {path}, cannot read it: {error.strerror}; {_ADVICE}") from error
    except sqlite3.OperationalError as error:
        if "locked" not in str(error):
            raise _damaged(path, error) from error
        raise RecordError(
            f"expected a record that can be read, found {path} locked by another program; close that, or try again"
        ) from error
    except sqlite3.DatabaseError as error:
        if "not a database" not in str(error):
            raise _damaged(path, error) from error
        raise RecordError(f"expected a record, found another kind of file at {path}; {_ADVICE}") from error
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        # SQLite has no checksums: where a byte was changed in a row, it is the value that makes no sense.
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> RecordError:
    reason = " ".join(str(error).split())
    return RecordError(
        f"expected a whole record, found {path} damaged ({type(error).__name__}: {reason}): "
        "it was cut short in a copy, or written to; copy it again, with the files beside it"
    )


def _expect_file(path: Path) -> None:
    """Look at the file without opening it: closing it again would take SQLite's locks from a writer in this process.

    See "POSIX advisory locks" in https://www.sqlite.org/howtocorrupt.html.
    """
    try:
        status = path.stat()
    except FileNotFoundError:
        raise RecordError(f"expected a record, found nothing at {path}; {_ADVICE}") from None
    except OSError as error:
        raise RecordError(f"expected a record at {path}, cannot read it: {error.strerror}; {_ADVICE}") from error
    if not stat.S_ISREG(status.st_mode) or 0 < status.st_size < _SMALLEST_PAGE:
        raise RecordError(f"expected a record, found another kind of file at {path}; {_ADVICE}")


def _expect_record(connection: sqlite3.Connection, path: Path) -> None:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
    if application != schema.APPLICATION_ID and tables:
        raise RecordError(f"expected a record, found an SQLite database of another program at {path}; {_ADVICE}")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > schema.VERSION:
        raise RecordError(
            f"expected a record of schema {schema.VERSION} or older, found schema {version} at {path}: "
            "it was written by a newer gradprobe; upgrade this one"
        )
    if not tables or connection.execute("SELECT 1 FROM facts").fetchone() is None:
        raise RecordError(
            f"expected a record, found an empty one at {path}: the run ended before it began; run it again"
        )


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    """Open the record for reading, as one consistent snapshot.

    A record in WAL mode needs its `-shm` file to be created, which fails in a read-only place: it is then read from a copy.
    """
    connection = _open_in_place(path)
    if connection is not None:
        with closing(connection):
            yield connection
        return
    with tempfile.TemporaryDirectory(prefix="gradprobe-") as scratch:
        for name in (path.name, f"{path.name}-wal"):
            if path.with_name(name).exists():
                shutil.copyfile(path.with_name(name), Path(scratch) / name)
        with closing(sqlite3.connect(Path(scratch) / path.name, isolation_level=None)) as copy:
            yield copy


def _open_in_place(path: Path) -> sqlite3.Connection | None:
    connection = None
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, timeout=5.0)
        connection.execute("BEGIN")
        connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
    except sqlite3.Error as error:
        if connection is not None:
            connection.close()
        if "unable to open" in str(error) or "readonly" in str(error):
            return None
        raise
    return connection


def _read(connection: sqlite3.Connection, path: Path, ranks: int) -> Record:
    facts = {key: json.loads(value) for key, value in connection.execute("SELECT key, value FROM facts")}
    parameters = _parameters(connection)
    groups = tuple(row[0] for row in connection.execute("SELECT optimizer FROM groups ORDER BY id"))
    names = connection.execute("SELECT name, source FROM metrics ORDER BY id").fetchall()
    calls = _calls(connection)
    patterns = _patterns(connection, {position: place for place, position in enumerate(calls)})
    places = {position: place for place, position in enumerate(patterns)}
    steps, logged = _steps(connection, len(parameters), len(groups), len(names), places)
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return Record(
        path=path,
        facts=_facts(facts, parameters, steps, path, ranks),
        parameters=tuple(
            replace(one, group=None) if one.group not in range(len(groups)) else one for one in parameters
        ),
        modules=_modules(connection, len(parameters)),
        optimizers=_optimizers(connection),
        groups=groups,
        steps=steps,
        metrics=_metrics(names, steps, logged),
        calls=tuple(calls.values()),
        patterns=tuple(patterns.values()),
        incidents=_incidents(connection),
        observations=_observations(connection, version),
        accounts=_accounts(connection, len(parameters), version),
        deep=tuple((int(first), int(last)) for first, last in facts.get("deep_at", ())),
        update_ratios={
            str(root): (
                np.array([at for at, _ in points], np.int64),
                np.array([ratio for _, ratio in points], np.float64),
            )
            for root, points in facts.get("update_ratios", {}).items()
        },
        sharded={int(position): int(parts) for position, parts in facts.get("sharded", ())},
    )


def is_gone(facts: Mapping[str, Any]) -> bool:
    """Return whether the process with these facts ended without ending its record, where it ran on this machine."""
    return (
        facts.get("stopped_by") is None and facts.get("host") == platform.node() and not is_alive(facts.get("pid", 0))
    )


def _facts(
    facts: Mapping[str, Any], parameters: tuple[Parameter, ...], steps: Steps, path: Path, ranks: int
) -> RunFacts:
    devices = Counter[str]()
    for parameter in parameters:
        devices[parameter.device] += parameter.elements
    newest = float(steps.time[-1]) - facts["started_time"] if len(steps) else 0.0
    return RunFacts(
        script=facts["script"],
        argv=tuple(facts["argv"]),
        steps=int(steps.index[-1]) + 1 if len(steps) else 0,
        deep_steps=facts.get("deep_steps", 0),
        ranks=ranks,
        device=devices.most_common(1)[0][0] if devices else "",
        torch=facts.get("torch", ""),
        python=facts["python"],
        started=facts["started"],
        seconds=facts.get("seconds", newest),
        exit_code=facts.get("exit_code"),
        exception=facts.get("exception"),
        stopped_by=facts.get("stopped_by"),
        path=str(path.parent),
        policy=facts.get("policy") or "",
        host=facts.get("host", ""),
        pid=facts.get("pid", 0),
        is_gone=is_gone(facts),
        unfit=tuple(facts.get("unfit", ())),
        rank=facts.get("rank", 0),
        world=facts.get("world", 1),
        tracked=tuple((key[len(_TRACKED) :], facts[key]) for key in sorted(facts) if key.startswith(_TRACKED)),
    )


def _parameters(connection: sqlite3.Connection) -> tuple[Parameter, ...]:
    rows = connection.execute("SELECT * FROM parameters ORDER BY id").fetchall()
    counts = gradient_counts(connection, "parameters", len(rows))
    return tuple(
        Parameter(
            name, module, tuple(json.loads(shape)), dtype, device, bool(trainable), optimizer, group, objects, count
        )
        for (_, name, module, shape, dtype, device, trainable, optimizer, group, objects), count in zip(
            rows, counts, strict=True
        )
    )


def _modules(connection: sqlite3.Connection, parameters: int) -> tuple[Module, ...]:
    rows = connection.execute("SELECT name, type, depth, parameters FROM modules ORDER BY id").fetchall()
    counts = gradient_counts(connection, "modules", len(rows))
    modules = []
    for (name, kind, depth, blob), count in zip(rows, counts, strict=True):
        positions = np.frombuffer(blob, np.int32).astype(np.intp)
        known = positions[(positions >= 0) & (positions < parameters)]
        modules.append(Module(name, kind, depth, known, count))
    return tuple(modules)


def gradient_counts(connection: sqlite3.Connection, kind: str, things: int) -> list[GradientCounts]:
    """Return how often each parameter, or module, had a gradient.

    Args:
        connection: The record.
        kind: `parameters` or `modules`.
        things: How many there are.
    """
    row = connection.execute("SELECT counts FROM totals WHERE kind = ?", (kind,)).fetchone()
    table = np.frombuffer(row[0], np.int64).reshape(-1, COLUMNS).tolist() if row else []
    table += [[0, 0, 0, 0, -1]] * (things - len(table))
    return [
        GradientCounts(flowing=flowing, zero=zero, none=none, non_finite=non_finite, last_flowing=last)
        for none, zero, flowing, non_finite, last in table[:things]
    ]


def _optimizers(connection: sqlite3.Connection) -> tuple[Optimizer, ...]:
    rows = connection.execute("SELECT id, type, built, steps, settings FROM optimizers ORDER BY id")
    return tuple(
        Optimizer(number, kind, decode_site(built), steps, json.loads(settings))
        for number, kind, built, steps, settings in rows
    )


def _steps(
    connection: sqlite3.Connection, parameters: int, groups: int, metrics: int, patterns: Mapping[int, int]
) -> tuple[Steps, Logged]:
    rows = connection.execute(f"SELECT {_STEP} FROM steps ORDER BY id").fetchall()
    columns = zip(*rows, strict=True) if rows else ((),) * 12
    index, span, time, seconds, pattern, norms, lowest, highest, rates, *logged = columns
    if any(length < 1 for length in span):
        raise ValueError("a row stands for no step")
    last = arrays.stack_norms(norms, parameters)
    thinned = any(blob is not None for blob in lowest)

    def bound(blobs: tuple[bytes | None, ...]) -> NDArray[np.float32]:
        return arrays.stack_norms(_filled(blobs, norms), parameters) if thinned else last

    steps = Steps(
        index=np.array(index, np.int64),
        span=np.array(span, np.int64),
        time=np.array(time, np.float64),
        seconds=np.array(seconds, np.float64),
        norms=last,
        lowest=bound(lowest),
        highest=bound(highest),
        learning_rates=arrays.stack_rates(rates, groups),
        pattern=np.array([patterns.get(position, -1) for position in pattern], np.int64),
    )
    values, smallest, largest = logged
    newest = arrays.stack_metrics(values, metrics)
    if not thinned:
        return steps, (newest, newest, newest)
    low, high = (arrays.stack_metrics(_filled(blobs, values), metrics) for blobs in (smallest, largest))
    return steps, (newest, low, high)


def _filled(blobs: tuple[bytes | None, ...], others: tuple[bytes, ...]) -> list[bytes]:
    """Return the blobs, and in place of those that are not there the others."""
    return [other if blob is None else blob for blob, other in zip(blobs, others, strict=True)]


def _metrics(names: list[tuple[str, str]], steps: Steps, logged: Logged) -> dict[str, Metric]:
    owners: dict[str, str] = {}
    for name, source in sorted(names, key=lambda one: _ORDER.get(one[1], 1)):
        owners.setdefault(name, source)
    values, lowest, highest = logged
    metrics = {}
    for position, (name, source) in enumerate(names):
        shown = name if source == owners[name] else f"{name} {_OTHER.get(source, f'of {source}')}"
        there = ~arrays.is_missing(values[:, position])
        newest = values[there, position]
        low, high = (newest if one is values else one[there, position] for one in (lowest, highest))
        metrics[shown] = Metric(shown, source, steps.index[there], newest, low, high)
    return metrics


def _calls(connection: sqlite3.Connection) -> dict[int, CallSeen]:
    """Return the calls that this gradprobe knows, by their position in the record."""
    rows = connection.execute("SELECT id, kind, data, first_step, last_step, count FROM calls ORDER BY id")
    decoded = ((position, decode_call(kind, data), seen) for position, kind, data, *seen in rows)
    return {position: CallSeen(call, *seen) for position, call, seen in decoded if call is not None}


def _patterns(connection: sqlite3.Connection, places: Mapping[int, int]) -> dict[int, tuple[int, ...]]:
    """Return the patterns by their position in the record, with the places of calls among those that are known."""
    rows = connection.execute("SELECT id, calls FROM patterns ORDER BY id")
    return {
        position: tuple(places[call] for call in np.frombuffer(blob, np.int32).tolist() if call in places)
        for position, blob in rows
    }


def _incidents(connection: sqlite3.Connection) -> tuple[IncidentSeen, ...]:
    rows = connection.execute("SELECT kind, data, first_step, last_step, count FROM incidents ORDER BY id")
    decoded = ((decode_incident(kind, data), seen) for kind, data, *seen in rows)
    return tuple(IncidentSeen(incident, *seen) for incident, seen in decoded if incident is not None)


def _observations(connection: sqlite3.Connection, version: int) -> tuple[ObservationSeen, ...]:
    """Return the observations that this gradprobe knows; the first schema had none."""
    if version < 2:
        return ()
    rows = connection.execute("SELECT kind, data, first_step, last_step, count FROM observations ORDER BY id")
    decoded = ((decode_observed(kind, data), seen) for kind, data, *seen in rows)
    return tuple(ObservationSeen(observed, *seen) for observed, seen in decoded if observed is not None)


def _accounts(connection: sqlite3.Connection, parameters: int, version: int) -> dict[int, Account]:
    """Return what deep steps know of parameters; the first schema had nothing."""
    if version < 2:
        return {}
    rows = connection.execute(
        "SELECT parameter, data FROM accounts WHERE parameter < ? ORDER BY parameter", (parameters,)
    )
    return {position: decode_account(data) for position, data in rows}
