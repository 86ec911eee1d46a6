"""The way of each loss back to the parameters, as rows of a figure: one for each place where it ends, one for what arrives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradprobe.values import Barrier, Report, Site, Way

MOST_WAYS: Final = 12
MOST_ROWS: Final = 12
MOST_NAMES: Final = 6
_KINDS: Final = {
    "no_grad": "gradients are off here",
    "inference_mode": "inference mode",
    "set_grad_enabled": "gradients are off from here on",
    "detach": "detached",
    "data": "taken out of the graph by .data",
    "item": "made a Python number",
    "numpy": "made an array of NumPy",
    "tensor": "made a new tensor of values",
    "cast": "cast to integers",
    "index": "became an index",
    "integer": "became an integer",
    "comparison": "compared: true or false",
    "rounding": "rounded: its slope is zero",
    "draw": "drawn at random",
    "sample": "sampled",
    "custom-function": "a custom function returns no gradient",
    "checkpoint": "a reentrant checkpoint without a gradient of its input",
    "other": "the result does not require a gradient",
}


@dataclass(frozen=True, slots=True)
class Ending:
    """A row whose gradient ends on the way.

    Attributes:
        names: The modules behind it.
        more: How many further ones are not named.
        parameters: How many parameters are behind it.
        barrier: Where it ends.
        function: The function in which that is; empty at the top level of a file.
        why: What ends it, in words.
        finding: Number of the finding that names this line; None where none does.
        allowed: Whether the user said that it is meant.
    """

    names: tuple[str, ...]
    more: int
    parameters: int
    barrier: Barrier
    function: str
    why: str
    finding: int | None
    allowed: bool


@dataclass(frozen=True, slots=True)
class WayView:
    """A figure.

    Attributes:
        way: The way.
        arriving: The modules that the gradient reaches.
        more_arriving: How many further ones are not named.
        endings: The rows whose gradient ends.
        more_endings: How many further ones there are.
        frozen: Modules that require no gradient.
    """

    way: Way
    arriving: tuple[str, ...]
    more_arriving: int
    endings: tuple[Ending, ...]
    more_endings: int
    frozen: tuple[str, ...]


def views(report: Report) -> tuple[WayView, ...]:
    """Return the figures of a report's losses, at most `MOST_WAYS`."""
    return tuple(_view(report, way) for way in report.ways[:MOST_WAYS])


def _view(report: Report, way: Way) -> WayView:
    arriving, more = _few(way.reached)
    frozen, _ = _few(way.frozen)
    rows = tuple(_ending(report, barrier) for barrier in way.barriers[:MOST_ROWS])
    return WayView(way, arriving, more, rows, max(len(way.barriers) - MOST_ROWS, 0), frozen)


def _ending(report: Report, barrier: Barrier) -> Ending:
    names, more = _few(barrier.modules)
    function = "" if barrier.site.function == "<module>" else f"{barrier.site.function}()"
    number = next((place for place, one in enumerate(report.findings, 1) if _is_at(one.location, barrier)), None)
    allowed = any(_is_at(one.location, barrier) for one in report.allowed)
    why = _KINDS.get(barrier.kind, _KINDS["other"])
    return Ending(names, more, barrier.parameters, barrier, function, why, number, allowed)


def _is_at(site: Site | None, barrier: Barrier) -> bool:
    """Return whether a finding is of this place: at the line to edit, or where the first operation ran."""
    ends = {(one.file, one.line) for one in (barrier.site, barrier.at)}
    return site is not None and (site.file, site.line) in ends


def _few(names: Sequence[str]) -> tuple[tuple[str, ...], int]:
    return tuple(names[:MOST_NAMES]), max(len(names) - MOST_NAMES, 0)
