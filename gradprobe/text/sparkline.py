"""A series drawn in one line of text."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias, TypeVar

BARS: Final = "▁▂▃▄▅▆▇█"
GAP: Final = "·"
ZERO: Final = "0"
NOT_FINITE: Final = "!"
LEGEND: Final = {GAP: "no gradient", ZERO: "zero", NOT_FINITE: "not finite"}
# Two decades over eight bars: a bar up is a factor of 1.8, and the noise of a steady norm stays one or two bars high.
_LEAST_DECADES: Final = 2.0

Cell: TypeAlias = float | str
Value = TypeVar("Value")


def norms(series: Sequence[float | None], width: int) -> str:
    """Draw gradient norms on a logarithmic scale of at least two decades.

    A cell stands for one or several values. It shows `!` where one is not finite, else the height of the geometric
    mean of those above zero, else `0` where one is zero, else `·`: no gradient.
    """
    cells: list[Cell] = [_norm_cell(part) for part in _parts(series, width)]
    return _draw(cells, least=_LEAST_DECADES)


def values(series: Sequence[float], width: int) -> str:
    """Draw a metric on a linear scale from its smallest to its largest value; `!` where it is not finite."""
    cells: list[Cell] = [_value_cell(part) for part in _parts(series, width)]
    return _draw(cells, least=0.0)


def _norm_cell(part: Sequence[float | None]) -> Cell:
    present = [value for value in part if value is not None]
    if any(not math.isfinite(value) for value in present):
        return NOT_FINITE
    above = [math.log10(value) for value in present if value > 0]
    if above:
        return sum(above) / len(above)
    return ZERO if present else GAP


def _value_cell(part: Sequence[float]) -> Cell:
    # Divided before they are added: the sum of two large values is infinite, their mean is not.
    mean = sum(value / len(part) for value in part) if all(map(math.isfinite, part)) else math.nan
    return mean if math.isfinite(mean) else NOT_FINITE


def _parts(series: Sequence[Value], width: int) -> list[Sequence[Value]]:
    """Cut a series into at most `width` parts of nearly equal length."""
    count = min(len(series), max(width, 0))
    return [series[len(series) * part // count : len(series) * (part + 1) // count] for part in range(count)]


def _draw(cells: Sequence[Cell], least: float) -> str:
    heights = [cell for cell in cells if not isinstance(cell, str)]
    if not heights:
        return "".join(cell for cell in cells if isinstance(cell, str))
    bar = _scale(min(heights), max(heights), least)
    return "".join(cell if isinstance(cell, str) else BARS[bar(cell)] for cell in cells)


def _scale(low: float, high: float, least: float) -> Callable[[float], int]:
    """Return which bar a height takes: `least` is the smallest range that fills the line, centred on the data."""
    spread = max(high / 2 - low / 2, least / 2)
    if not spread > 0:
        return lambda height: len(BARS) // 2
    centre = high / 2 + low / 2
    # The small term keeps a constant series, whose means differ in the last bit, on one bar.
    return lambda height: min(int(((height - centre) / spread + 1) / 2 * len(BARS) + 1e-6), len(BARS) - 1)
