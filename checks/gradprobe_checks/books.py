"""The books of gradients in a record: what became of what each backward put into an optimizer's gradients."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gradprobe_checks.provenance import observations

if TYPE_CHECKING:
    from gradprobe.record.record import Record
    from gradprobe.values import Observation, Site


@dataclass(frozen=True, slots=True)
class Source:
    """Gradients of one backward call in one optimizer's books, counted in backward calls.

    Attributes:
        site: Where backward was called.
        used: How many the optimizer stepped with.
        discarded: How many were cleared before it did.
        taken: How many were cleared before it did, and the script had made use of them by itself.
        cleared_at: Where they were cleared last, if a call did it.
        foreign: How many it stepped with after another optimizer had stepped since.
        most_at_once: Largest number of them in one step.
    """

    site: Site
    used: int
    discarded: int
    taken: int
    cleared_at: Site | None
    foreign: int
    most_at_once: int


@dataclass(frozen=True, slots=True)
class Book:
    """The books of one optimizer.

    Attributes:
        optimizer: Its number.
        site: Where it steps.
        steps: Steps that were looked at (all but its first).
        stale: Steps that used gradients together with ones that an earlier step had used already.
        empty: Steps without any gradient that a backward had left.
        touched: Steps before which something else than a backward wrote to the gradients.
        sources: Where its gradients come from.
    """

    optimizer: int
    site: Site
    steps: int
    stale: int
    empty: int
    touched: int
    sources: tuple[Source, ...]


def books(record: Record) -> Iterator[Book]:
    """Yield the books of each optimizer."""
    sources: dict[int, list[Source]] = {}
    for one, _ in observations(record, "gradients-of"):
        sources.setdefault(_number(one, "optimizer"), []).append(
            Source(
                one.site,
                _number(one, "used"),
                _number(one, "discarded"),
                int(one.detail.get("taken") or 0),
                one.related[0].site if one.related else None,
                _number(one, "foreign"),
                _number(one, "most_at_once"),
            )
        )
    for one, _ in observations(record, "gradient-book"):
        number = _number(one, "optimizer")
        counts = (
            _number(one, "steps"),
            _number(one, "stale"),
            _number(one, "empty"),
            int(one.detail.get("touched") or 0),
        )
        yield Book(number, one.site, *counts, tuple(sources.get(number, ())))


def _number(observation: Observation, name: str) -> int:
    return int(observation.detail[name] or 0)
