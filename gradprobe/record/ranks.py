"""Reads the processes of a run one after another, and holds each against the lowest rank; no more than two are in memory.

What a rank has in full (its steps) is read for few of them: the lowest that trained, and one of each kind that differs from
it in what happened, by their likeness.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import platform
import sqlite3
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from gradprobe.errors import RecordError
from gradprobe.record.codec import decode_call
from gradprobe.record.failures import has_failed
from gradprobe.record.rank import Digest, Pace, Parted, Rank, Ranks
from gradprobe.record.reader import is_gone, opened
from gradprobe.record.totals import COLUMNS
from gradprobe.values import ClipCall, Site

MOST_JUDGED: Final = 8
"""Processes of one run that are judged in full."""
MOST_PARTED: Final = 4096
"""Differences that are kept."""
_WRITTEN: Final = """SELECT parameter, json_extract(data, '$.last_write.file'), json_extract(data, '$.last_write.line')
FROM accounts WHERE json_extract(data, '$.written') > 0"""
"""Where the script itself wrote to which parameters."""
_NAMES: Final[dict[tuple[str, ...], tuple[str, ...]]] = {}
_ROUNDING: Final = 1e-12
_SILENT: Final = 30.0
"""Seconds without a word after which a process of another machine is gone, when others have ended."""


def read_ranks(paths: Sequence[Path]) -> Ranks:
    """Read the processes of a run, and hold them against the lowest rank.

    Args:
        paths: Their records.

    Raises:
        RecordError: If none can be read.
    """
    ranks, lowest = _all(paths)
    parted: list[Parted] = []
    compared: Counter[str] = Counter()
    same: dict[int, bool] = {} if lowest is None else {step: True for what, step in lowest.digests if what == "batch"}
    for rank in ranks:
        if lowest is None or rank.path == lowest.path or not rank.trained:
            continue
        digests = read_digests(rank.path)
        if rank.names is not lowest.names:
            digests = _renumbered(digests, rank.names, lowest.names)
        same = {
            step: still and _is_same_batch(lowest, digests, step)
            for step, still in same.items()
            if ("batch", step) in digests
        }
        for key in sorted(lowest.digests.keys() & digests.keys(), key=lambda one: one[1]):
            if key[0] != "batch":
                compared[key[0]] = max(compared[key[0]], key[1] + 1)
                parted += _parted(rank.number, key, lowest.digests[key], digests[key])
    different = len({lowest.digests["batch", step].bits.tobytes() for step in same}) if lowest is not None else 0
    return Ranks(
        all=tuple(ranks),
        parted=tuple(parted[:MOST_PARTED]),
        compared=compared,
        same_batches=sum(same.values()) if len(ranks) > 1 else 0,
        batches=len(same) if len(ranks) > 1 else 0,
        different_batches=different,
    )


def judged(ranks: Ranks) -> list[Rank]:
    """Return the processes to judge in full: the lowest that trained, then one of each kind that saw other things happen."""
    trained = [one for one in ranks.all if one.trained] or list(ranks.all)
    by_likeness: dict[int, Rank] = {}
    for one in trained:
        by_likeness.setdefault(one.likeness, one)
    return list(by_likeness.values())[:MOST_JUDGED]


def _all(paths: Sequence[Path]) -> tuple[list[Rank], Rank | None]:
    """Return the processes by rank, those that never trained left out where others did, and the lowest with its digests."""
    ranks: list[Rank] = []
    failure: RecordError | None = None
    for path in paths:
        try:
            ranks.append(read_rank(path))
        except RecordError as error:  # One that was cut off while it was made does not lose the others.
            failure = failure or error
    if not ranks and failure is not None:
        raise failure
    ranks = _numbered(_told(_settled(ranks)) or ranks)
    if len(ranks) < 2:
        return ranks, None
    return ranks, replace(ranks[0], digests=read_digests(ranks[0].path))


def _told(ranks: Sequence[Rank]) -> list[Rank]:
    """Return the processes that trained; where none of them failed, with those that started them and failed."""
    trained = [one for one in ranks if one.trained]
    if not trained or any(map(has_failed, trained)):
        return trained
    return [one for one in ranks if one.trained or (not one.is_child and has_failed(one))]


def _settled(ranks: Sequence[Rank]) -> list[Rank]:
    """Return the ranks with what only all of them together tell: who is gone on another machine, and what is forgiven."""
    have_ended = any(one.stopped_by is not None for one in ranks)
    parents = [one for one in ranks if not one.is_child]
    all_well = bool(parents) and all(one.exit_code == 0 for one in parents)
    return [
        replace(
            one,
            is_gone=one.is_gone or (have_ended and _is_silent(one)),
            is_forgiven=one.is_child and all_well and one.exception is None,
        )
        for one in ranks
    ]


def _is_silent(rank: Rank) -> bool:
    """Return whether a process of another machine has not ended its record, and wrote nothing to it for long."""
    if rank.stopped_by is not None or rank.host == platform.node():
        return False
    written = []
    for path in (rank.path, rank.path.with_name(f"{rank.path.name}-wal")):
        with contextlib.suppress(OSError):
            written.append(path.stat().st_mtime)
    return time.time() - max(written, default=0.0) > _SILENT


def _numbered(ranks: Iterable[Rank]) -> list[Rank]:
    """Return the ranks in order; children that no job numbers, and records of earlier attempts, get the numbers that are free."""
    found = sorted(ranks, key=lambda one: (one.number, one.is_child, one.path.name.startswith("process"), one.pid))
    taken = {one.number for one in found if not one.is_child}
    free = (number for number in itertools.count() if number not in taken)
    used: set[int] = set()
    numbered = []
    for one in found:
        number = one.number if one.number not in used and (not one.is_child or one.number not in taken) else next(free)
        while number in used:
            number = next(free)
        used.add(number)
        numbered.append(replace(one, number=number))
    return sorted(numbered, key=lambda one: one.number)


def read_rank(path: Path) -> Rank:
    """Read what is said of one process, without its steps and digests.

    Raises:
        RecordError: If it is no record, or damaged.
    """
    with opened(path) as connection:
        facts = {key: json.loads(value) for key, value in connection.execute("SELECT key, value FROM facts")}
        newest = connection.execute("SELECT id, time, learning_rates FROM steps ORDER BY id DESC LIMIT 1").fetchone()
        names = connection.execute("SELECT name FROM parameters ORDER BY id").fetchall()
        calls = connection.execute("SELECT kind, data, count FROM calls ORDER BY id").fetchall()
        incidents = connection.execute("SELECT kind, data, count FROM incidents ORDER BY id").fetchall()
        observed = connection.execute("SELECT kind, data FROM observations ORDER BY id").fetchall()
        written = connection.execute(_WRITTEN).fetchall()
        totals = connection.execute("SELECT counts FROM totals WHERE kind = 'parameters'").fetchone()
        loss = _newest_loss(connection)
    seconds = facts.get("seconds")
    return Rank(
        path=path,
        number=int(facts.get("rank", 0)),
        world=int(facts.get("world", 1)),
        is_child=bool(facts.get("child", False)),
        host=facts.get("host", ""),
        pid=int(facts.get("pid", 0)),
        steps=newest[0] + 1 if newest else 0,
        trained=newest is not None or any(kind in ("Backward", "GradientsTaken") for kind, _, _ in calls),
        ended=facts["started_time"] + seconds
        if seconds is not None
        else newest[1]
        if newest
        else facts["started_time"],
        exit_code=facts.get("exit_code"),
        stopped_by=facts.get("stopped_by"),
        exception=facts.get("exception"),
        is_gone=is_gone(facts),
        skipped=sum(count for kind, _, count in incidents if kind == "StepSkipped"),
        clips=_clips(calls),
        likeness=_likeness((names, written), calls, incidents, observed, totals, facts, newest),
        names=_shared(tuple(name for (name,) in names)),
        loss=loss,
        pace=Pace(float(pace[0]), float(pace[1]), int(pace[2])) if (pace := facts.get("pace")) else None,
    )


def _shared(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names as the one object that stands for them: a thousand ranks have them alike."""
    return _NAMES.setdefault(names, names)


def _newest_loss(connection: sqlite3.Connection) -> float | None:
    """Return the newest value of the first loss at a backward."""
    position = connection.execute("SELECT id FROM metrics WHERE source = 'loss' ORDER BY id LIMIT 1").fetchone()
    row = connection.execute("SELECT metrics FROM steps ORDER BY id DESC LIMIT 1").fetchone()
    if position is None or row is None:
        return None
    values = np.frombuffer(row[0], np.float64)
    return float(values[position[0]]) if position[0] < len(values) and not np.isnan(values[position[0]]) else None


def _clips(calls: Iterable[tuple[str, str, int]]) -> dict[Site, int]:
    clips: defaultdict[Site, int] = defaultdict(int)
    for kind, data, count in calls:
        call = decode_call(kind, data) if kind == "ClipCall" else None
        if isinstance(call, ClipCall):
            clips[call.site] += count
    return clips


def _likeness(
    names: tuple[list[Any], list[Any]],
    calls: list[tuple[str, str, int]],
    incidents: list[tuple[str, str, int]],
    observed: list[tuple[str, str]],
    totals: tuple[bytes] | None,
    facts: Mapping[str, Any],
    newest: tuple[int, float, bytes] | None,
) -> int:
    """Return a number that is the same for ranks to which the same things happened, however often and however large."""
    table = np.frombuffer(totals[0], np.int64).reshape(-1, COLUMNS)[:, :4] if totals else np.empty((0, 4), np.int64)
    places = {
        (kind, _place_in(data)) for kind, data in (*((kind, data) for kind, data, _ in (*calls, *incidents)), *observed)
    }
    ending = (facts.get("stopped_by"), facts.get("exception"))
    is_still = (np.frombuffer(newest[2], np.float64) == 0.0).tobytes() if newest else b""
    return hash((*map(tuple, names), frozenset(places), (table > 0).tobytes(), is_still, ending))


def _place_in(data: str) -> tuple[object, ...]:
    """Return what an event is and where, without its numbers."""
    try:
        fields = json.loads(data)
        site = fields["site"]
        return fields.get("what", ""), fields.get("kind", ""), site["file"], site["line"]
    except (ValueError, LookupError, TypeError, AttributeError):
        return (data,)


def read_digests(path: Path) -> dict[tuple[str, int], Digest]:
    """Read the digests of one process, by what was digested and the step; none where its gradprobe wrote none.

    Raises:
        RecordError: If it is no record, or damaged.
    """
    with opened(path) as connection:
        try:
            rows = connection.execute(
                "SELECT what, step, positions, bits, norms FROM digests ORDER BY rowid"
            ).fetchall()
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):
                return {}
            raise
    found: dict[tuple[str, int], Digest] = {}
    for what, step, positions, bits, norms in rows:
        digest = Digest(
            np.frombuffer(positions, np.int32), np.frombuffer(bits, np.int32), np.frombuffer(norms, np.float64)
        )
        before = found.get((what, step))
        found[what, step] = digest if before is None else _joined(before, digest)
    return found


def _renumbered(
    digests: Mapping[tuple[str, int], Digest], names: Sequence[str], others: Sequence[str]
) -> dict[tuple[str, int], Digest]:
    """Return digests of parameters that others have as well, with the positions that these have there."""
    there = {name: position for position, name in enumerate(others)}
    found = {}
    for key, digest in digests.items():
        if not len(digest.positions):
            found[key] = digest
            continue
        moved = [(there[names[at]], place) for place, at in enumerate(map(int, digest.positions)) if names[at] in there]
        order = [place for _, place in sorted(moved)]
        positions = np.array([at for at, _ in sorted(moved)], np.int32)
        found[key] = Digest(positions, digest.bits[order], digest.norms[order])
    return found


def _joined(first: Digest, second: Digest) -> Digest:
    """Return the digests of two optimizers' parameters as one; of a parameter that was digested twice, the newer."""
    left = ~np.isin(first.positions, second.positions)
    return Digest(
        np.concatenate((first.positions[left], second.positions)),
        np.concatenate((first.bits[left], second.bits)),
        np.concatenate((first.norms[left], second.norms)),
    )


def _is_same_batch(lowest: Rank, digests: Mapping[tuple[str, int], Digest], step: int) -> bool:
    here, there = lowest.digests["batch", step], digests["batch", step]
    return len(here.bits) > 0 and np.array_equal(here.bits, there.bits) and np.array_equal(here.norms, there.norms)


def _parted(rank: int, key: tuple[str, int], here: Digest, there: Digest) -> list[Parted]:
    """Return what was not the same, among the parameters that both have digested."""
    positions, first, second = np.intersect1d(here.positions, there.positions, return_indices=True)
    bits, other_bits = here.bits[first], there.bits[second]
    differ = (bits != other_bits) & (bits >= 0) & (other_bits >= 0)
    if not differ.any():
        return []
    one, other = here.norms[first][differ], there.norms[second][differ]
    largest = np.maximum(np.abs(one), np.abs(other))
    with np.errstate(invalid="ignore"):
        apart = np.abs(one - other) / np.maximum(largest, _ROUNDING)
    distance = float(np.nan_to_num(apart, nan=1.0, posinf=1.0).max())
    return [Parted(rank, key[0], key[1], tuple(map(int, positions[differ])), distance)]
