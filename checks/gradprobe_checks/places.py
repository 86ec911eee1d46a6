"""The other ends of a finding, from the calls in a record."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from gradprobe.values import Backward, OptimizerStep, RelatedSite, Site

if TYPE_CHECKING:
    from gradprobe.record.record import Record


def backward_sites(record: Record) -> tuple[RelatedSite, ...]:
    """Return every place that called `backward()`, in the order of the record."""
    return _once((seen.call.site, "backward") for seen in record.calls if isinstance(seen.call, Backward))


def optimizer_sites(record: Record, numbers: Iterable[int]) -> tuple[RelatedSite, ...]:
    """Return where the optimizers of these numbers were built and where they step, as far as it is known."""
    wanted = frozenset(numbers)
    built = [(one.built, "optimizer built here") for one in record.optimizers if one.number in wanted and one.built]
    steps = [
        (seen.call.site, "optimizer step")
        for seen in record.calls
        if isinstance(seen.call, OptimizerStep) and seen.call.optimizer in wanted
    ]
    return _once([*built, *steps])


def _once(ends: Iterable[tuple[Site, str]]) -> tuple[RelatedSite, ...]:
    return tuple(RelatedSite(site, role) for site, role in dict.fromkeys(ends))
