"""Which process of a run failed first, and what the others raised only because it was gone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from gradprobe.values import Crashed

if TYPE_CHECKING:
    from gradprobe.record.rank import Rank
    from gradprobe.record.record import Record

_LOST_TYPES: Final = ("DistBackendError", "DistNetworkError", "DistStoreError")
_LOST_WORDS: Final = ("gloo", "nccl", "processgroup", "connection closed by peer", "connection reset by peer")


def first_to_fail(ranks: Sequence[Rank]) -> Rank | None:
    """Return the process that failed before all others, if one failed.

    One that raised goes before those that were killed, as launchers do with the rest of a job; these go before those that raised
    because another was gone.
    """
    failed = [one for one in ranks if has_failed(one)]
    return min(failed, key=lambda one: (_order(one), one.ended)) if failed else None


def has_failed(rank: Rank) -> bool:
    """Return whether a process ended by an exception, with an exit code, or without a word.

    Not a child of a program that ended well, unless it raised.

    A signal is how somebody else ends it: the user, or a launcher when another has failed.
    """
    if rank.stopped_by == "signal" or rank.is_forgiven:
        return False
    return rank.is_gone or rank.stopped_by == "exception" or rank.exit_code not in (0, None)


def without_collateral(record: Record, ranks: Sequence[Rank]) -> Record:
    """Return the record without the exceptions that its process raised when another had failed.

    Processes to which the same happened (all of them met the mistake) keep theirs.

    Args:
        record: The record of one process.
        ranks: All processes of the run.
    """
    first = first_to_fail(ranks)
    own = next((one for one in ranks if one.path == record.path), None)
    if first is None or own is None or own.likeness == first.likeness:
        return record
    kept = tuple(seen for seen in record.incidents if not isinstance(seen.incident, Crashed))
    return replace(record, incidents=kept)


def _order(rank: Rank) -> int:
    if rank.exception is None:
        return 1 if rank.is_gone else 0
    return 2 if _is_lost_connection(rank.exception) else 0


def _is_lost_connection(exception: str) -> bool:
    """Return whether an exception, as text, says that a collective could not go on: somebody else had left, or was late."""
    kind, _, message = exception.partition(":")
    return kind in _LOST_TYPES or any(word in message.lower() for word in _LOST_WORDS)
