"""Products of two values that are both zero because of parameters: neither factor gets a gradient, ever."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gradprobe.recorder.deep.node import Place, positions_of
from gradprobe.recorder.deep.watching import Watcher
from gradprobe.recorder.deep.zeros import LAYERS, Zeros, factors, largest
from gradprobe.values import Observation, RelatedSite, Site

if TYPE_CHECKING:
    import torch

    from gradprobe.recorder.deep.leaves import Leaf
    from gradprobe.recorder.deep.node import Node
    from gradprobe.recorder.deep.tracer import Tracer

WHAT: Final = "zero-pair"
"""An observation of two parameters, both all zeros, whose product is on the way to a loss; at the line that made one of them zero.

`detail`: `first` and `second` (their names; the first is the one to initialise), `operation`. `parameters`: all that the gradient
reaches only through the product, as far as that is known, the two among them. Related sites: `product`, `other factor`.
"""
MOST: Final = 256
"""Pairs that are remembered."""
_KEEPS_DATA: Final = 200
"""Nodes that are looked through for data in a factor."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A product whose factors are both zero, with the bits of the leaves that make them so, and of those behind them."""

    product: Place
    operation: str
    first: int
    second: int
    behind: int


class ZeroPairs:
    """Remembers the pairs until their parameters have names."""

    def __init__(self) -> None:
        self._pairs: dict[tuple[int, int], Pair] = {}

    def backward(self, tracer: Tracer, root: torch.Tensor, node: Node, site: Site) -> None:
        """Look through the graph of a loss, if a leaf in it is all zeros."""
        if sum(tracer.leaves.at(number).scale == 0.0 for number in positions_of(node.live)) < 2:
            return
        zeros = Zeros(tracer.leaves)
        for one in node.graph():
            zero = [(side, bits) for side in factors(one) if side.live or side.leaf if (bits := zeros.because(side))]
            if len(zero) < 2 or zero[0][1] == zero[1][1] or len(self._pairs) >= MOST:
                continue
            (one_side, left), (other_side, right) = zero[:2]
            sides = (one_side, other_side)
            first, second = largest(tracer.leaves, left), largest(tracer.leaves, right)
            if first == second:
                continue
            if _second_is_first(tracer, one, sides, first, second):
                first, second = second, first
            behind = left | right | sides[0].live | sides[1].live
            self._pairs.setdefault((first, second), Pair(one.place, one.operation, first, second, behind))

    def step_ended(self, tracer: Tracer) -> None:
        """Tell of the pairs."""
        deep = tracer.deep
        for pair in self._pairs.values():
            first, second = tracer.leaves.at(pair.first), tracer.leaves.at(pair.second)
            made, other = made_zero_at(first) or made_zero_at(second), made_zero_at(second)
            names = (deep.name_of(pair.first), deep.name_of(pair.second))
            behind = tuple(deep.name_of(number) for number in positions_of(pair.behind))
            related = [RelatedSite(deep.site(pair.product), "product")]
            if other is not None and other != made:
                related.append(RelatedSite(deep.site(other), "other factor"))
            detail: dict[str, float | int | str | bool | None]
            detail = {"first": names[0], "second": names[1], "operation": pair.operation}
            key = " ".join(names)
            deep.observe(Observation(WHAT, deep.site(made or pair.product), tuple(related), behind, detail, key))


def made_zero_at(leaf: Leaf) -> Place:
    """Return the line that gave a leaf the values that it has in the beginning: what wrote to it last, else what made it."""
    return (leaf.writes[-1].place if leaf.writes else None) or leaf.made


def _second_is_first(tracer: Tracer, product: Node, sides: tuple[Node, Node], first: int, second: int) -> bool:
    """Return whether the second factor is the one to initialise: what meets the data first; a layer rather than its gate."""
    one, other = tracer.leaves.at(first).reference(), tracer.leaves.at(second).reference()
    if one is None or other is None:
        return False
    if (one.dim() > 1) != (other.dim() > 1):
        return other.dim() > 1
    if product.operation in LAYERS or product.operation.startswith("add"):
        return False
    has_data = [_has_data(side) for side in sides]
    return has_data[1] and not has_data[0]


def _has_data(node: Node) -> bool:
    found = (one for one, _ in zip(node.ancestors(), range(_KEEPS_DATA), strict=False))
    return any(not one.leaf and not one.parents for one in found)


def watcher() -> Watcher:
    """Return a watcher with a memory of its own."""
    state = ZeroPairs()
    return Watcher(backward=state.backward, step_ended=state.step_ended)
