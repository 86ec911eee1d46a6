"""By how much a step moves a model: norm of the update divided by norm of the weights, for each root module.

A well-set learning rate moves weights by about a thousandth of themselves in a step (Karpathy, "makemore", part 4: ratios near 1e-3).
It is estimated from sampled elements, in deep steps alone: reading all weights twice in every step would cost too much.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

MOST_ROOTS: Final = 8
MOST_POINTS: Final = 200
"""Points kept of a root; when there are more, every second of the older half goes."""


class UpdateRatios:
    """Gathers the squares of a step's changes until the next step, and keeps a bounded series of ratios."""

    def __init__(self, root_of: Callable[[int], str | None]) -> None:
        """Begin without any.

        Args:
            root_of: Gives the root module of the parameter of a bit, None where it has none.
        """
        self._root_of = root_of
        self._points: dict[str, list[tuple[int, float, float]]] = {}

    def add(self, number: int, step: int, change: float, before: float) -> None:
        """Add a parameter's step.

        Args:
            number: The position of its bit.
            step: The training step.
            change: Sum of squares of the update.
            before: Sum of squares of the values before it.
        """
        root = self._root_of(number)
        if root is None or (root not in self._points and len(self._points) >= MOST_ROOTS):
            return
        points = self._points.setdefault(root, [])
        if points and points[-1][0] == step:
            change, before = change + points[-1][1], before + points[-1][2]
            points.pop()
        points.append((step, change, before))
        if len(points) > MOST_POINTS:
            del points[1 : MOST_POINTS // 2 : 2]

    def value(self) -> dict[str, list[tuple[int, float]]]:
        """Return for each root its steps and ratios, infinity for what is not finite; without those of weights that were all zero."""
        return {
            root: [(step, _ratio(change, before)) for step, change, before in points if before != 0]
            for root, points in self._points.items()
        }


def _ratio(change: float, before: float) -> float:
    ratio = (change / before) ** 0.5
    return ratio if math.isfinite(ratio) else math.inf
