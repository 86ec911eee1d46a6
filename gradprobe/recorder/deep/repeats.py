"""Which line of the user's is run again and again on its own result: the body of a recurrence, a stack of layers."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gradprobe.recorder.deep.node import Node, Place

LEAST: Final = 4
"""Times that a line must run on its own result."""


def repeated(nodes: Iterable[Node]) -> tuple[int, Place]:
    """Return how often a line ran on its own result, and that line; (0, None) where none did so at least four times.

    The longest way of operations that all stand at a line, or in a function that it calls, is counted, and divided by the number of
    different operations there. A line of which all are its own goes before one that only calls them, and of several the last.

    Args:
        nodes: The graph of a loss.
    """
    lengths: dict[int, dict[Place, int]] = {}
    longest: dict[Place, int] = defaultdict(int)
    kinds: dict[Place, set[str]] = defaultdict(set)
    own: dict[Place, int] = {}
    for node in sorted(nodes, key=lambda one: one.sequence):
        here: dict[Place, int] = {}
        for place in {node.place, node.caller}:
            if place is None:
                continue
            here[place] = 1 + max((lengths.get(id(parent), {}).get(place, 0) for parent in node.parents), default=0)
            longest[place] = max(longest[place], here[place])
            kinds[place].add(node.operation)
        if node.place is not None:
            own[node.place] = node.sequence
        lengths[id(node)] = here
    times = {place: longest[place] // len(kinds[place]) for place in longest}
    often = [place for place, count in times.items() if count >= LEAST]
    if not often:
        return 0, None
    chosen = max(
        often, key=lambda place: (place in own, times[place] * 2 > max(times.values()), own.get(place, times[place]))
    )
    return times[chosen], chosen
