"""What the checks over the processes of a job share: what any of them saw, and whether replicas went apart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gradprobe_checks.provenance import observations

if TYPE_CHECKING:
    from gradprobe.record.rank import Parted
    from gradprobe.record.record import ObservationSeen, Record
    from gradprobe.values import Observation, Site

ROUNDING: float = 1e-6
"""Norms that differ by less, relatively, may do so by rounding: other kernels on another kind of device."""


def seen_by_any(record: Record, what: str) -> Iterator[tuple[Observation, ObservationSeen]]:
    """Yield the observations of a kind that some process of the job made, each place once."""
    places: set[tuple[str, int]] = set()
    for one in (record, *record.others):
        for observation, seen in observations(one, what):
            place = (observation.site.file, observation.site.line)
            if place not in places:
                places.add(place)
                yield observation, seen


def parted(record: Record, kind: str) -> list[Parted]:
    """Return where replicas were not the same, by more than rounding, in the order of steps.

    Args:
        record: The run.
        kind: `wrapped` (kept alike by DistributedDataParallel) or `plain`.
    """
    if record.ranks is None:
        return []
    kinds = (f"{kind}-parameters", f"{kind}-gradients")
    found = [one for one in record.ranks.parted if one.what in kinds and one.distance > ROUNDING]
    return sorted(found, key=lambda one: (one.step, one.what != f"{kind}-gradients", one.rank))


def is_parted_to_the_end(record: Record, kind: str) -> bool:
    """Return whether the replicas' parameters were apart when they were last compared."""
    if record.ranks is None:
        return False
    what = f"{kind}-parameters"
    last = record.ranks.compared.get(what, 0) - 1
    return any(one.what == what and one.step == last and one.distance > ROUNDING for one in record.ranks.parted)


def first_place(record: Record, what: str) -> Site | None:
    """Return the first place of an observation of a kind."""
    return next((observation.site for observation, _ in seen_by_any(record, what)), None)
