"""A line of a few dozen points as SVG, for a row of the tree."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from markupsafe import Markup

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH: Final = 120
HEIGHT: Final = 20


def sparkline(values: Sequence[float | None]) -> Markup:
    """Return the values as a path, on a logarithmic scale; a gap where there is none, zeros at the bottom.

    Args:
        values: Gradient norms, evenly spaced.
    """
    positive = [math.log10(value) for value in values if value is not None and math.isfinite(value) and value > 0]
    low, high = (min(positive), max(positive)) if positive else (0.0, 0.0)
    spread = max(high - low, 1.0)  # A decade at the least, so that noise looks like noise.
    middle = (low + high) / 2
    pieces, pen = [], "M"
    for position, value in enumerate(values):
        if value is None or not math.isfinite(value):
            pen = "M"
            continue
        x = WIDTH * position / max(len(values) - 1, 1)
        share = 0.0 if value <= 0 else 0.5 + (math.log10(value) - middle) / spread * 0.9
        pieces.append(f"{pen}{x:.0f} {HEIGHT - 1 - share * (HEIGHT - 2):.1f}")
        pen = "L"
    return Markup('<svg class="spark" viewBox="0 0 {} {}" aria-hidden="true"><path d="{}"/></svg>').format(
        WIDTH, HEIGHT, "".join(pieces)
    )
