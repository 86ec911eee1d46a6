"""Numbers as short text."""

from __future__ import annotations

import math
from typing import Final

_UNITS: Final = ("", "k", "M", "B", "T")


def norm(value: float | None) -> str:
    """Return a gradient norm as in `1.23e-05`; `none` where there was no gradient, `0` for an exact zero."""
    if value is None:
        return "none"
    if value == 0:
        return "0"
    return f"{value:.2e}" if math.isfinite(value) else f"{value}"


def metric(value: float) -> str:
    """Return a loss or metric with four significant digits."""
    return f"{value:.4g}" if math.isfinite(value) else f"{value}"


def size(count: int) -> str:
    """Return a number of elements with at most three digits and a unit: `999`, `1.2k`, `14.8M`, `7B`."""
    power = 0
    value = float(count)
    while power + 1 < len(_UNITS) and round(value, 1 if value < 100 else 0) >= 1000:
        value /= 1000
        power += 1
    if power == 0:
        return str(count)
    digits = f"{value:.1f}" if value < 99.95 else f"{value:.0f}"
    return digits.removesuffix(".0") + _UNITS[power]


def plural(count: int, noun: str) -> str:
    """Return `1 step`, `2 steps`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def seconds(duration: float) -> str:
    """Return a duration as `12.3 s`, `4 min 05 s` or `2 h 07 min`; empty where it is not known."""
    if not math.isfinite(duration) or duration < 0:
        return ""
    if duration < 60:
        return f"{duration:.1f} s"
    minutes, rest = divmod(round(duration), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"
