"""What each backward reaches from its loss, gathered over the deep steps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch

from gradprobe.recorder.deep import graph
from gradprobe.recorder.deep.node import FROZEN, Cuts, Node, Place, merged, positions_of
from gradprobe.values import GradCut, LossReach, Site

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gradprobe.recorder.deep.tracer import Tracer


@dataclass(slots=True)
class Reach:
    """One backward call's answer so far; the fields are those of `LossReach`, in bits.

    Attributes:
        roots: Bits of losses that are leaves themselves.
        newest: What the newest of them reached.
    """

    site: Site
    loss: str
    reached: int = 0
    cuts: Cuts = field(default_factory=dict)
    has_graph: bool = True
    looked_at: int = 0
    operations: tuple[str, ...] = ()
    roots: int = 0
    newest: int = 0

    def look(self, tracer: Tracer, root: torch.Tensor) -> Node:
        """Add what a loss reaches; return its node."""
        node = tracer.node(root)
        self.looked_at += 1
        self.has_graph = root.grad_fn is not None
        self.roots |= node.leaf
        self.operations = tuple(one.operation for one, _ in zip(node.ancestors(), range(8), strict=False))
        live, cuts = tracer.contributions([node], [root])
        if root.grad_fn is not None:
            flat = 0
            for number, bits in cuts.items():
                if number != FROZEN and tracer.cuts.at(number).kind in ("rounding", "draw"):
                    flat |= bits
            live |= graph.live_bits(root.grad_fn, tracer.leaves) & ~flat
        self.newest = live
        self.reached |= live
        self.cuts = merged(self.cuts, cuts)
        return node

    def value(self, handed_over: Mapping[int, int], position_of: Callable[[int], int | None]) -> LossReach:
        """Return it for the record.

        Args:
            handed_over: For cuts whose result was told to require a gradient, the bits of those leaves.
            position_of: Gives the position of the parameter of a bit; None where it has none.
        """

        def positions(bits: int) -> tuple[int, ...]:
            found = (position_of(bit) for bit in positions_of(bits))
            return tuple(sorted(position for position in found if position is not None))

        reached = positions_of(self.reached)
        unnamed = sum(position_of(bit) is None for bit in reached)
        return LossReach(
            site=self.site,
            loss=self.loss,
            reached=positions(self.reached),
            cut={number: positions(bits) for number, bits in self._causes(handed_over).items() if number != FROZEN},
            frozen=positions(self.cuts.get(FROZEN, 0)),
            unnamed=unnamed,
            has_graph=self.has_graph,
            looked_at=self.looked_at,
            operations=self.operations,
        )

    def _causes(self, handed_over: Mapping[int, int]) -> Cuts:
        """Return the cuts; what was handed over to a leaf that is itself cut off is put to that cut's account."""
        causes = dict(self.cuts)
        for number, leaves in handed_over.items():
            if number not in causes or leaves & (self.reached & ~self.roots):
                continue
            for other, bits in self.cuts.items():
                if other in causes and other not in (FROZEN, number) and bits & leaves and number in causes:
                    causes[other] |= causes[number]
                    del causes[number]
        return causes


def cut_values(tracer: Tracer, numbers: set[int], site_of: Callable[[Place], Site]) -> list[GradCut]:
    """Return cuts for the record.

    Args:
        tracer: Where they were met.
        numbers: Which.
        site_of: Gives the site of a place.
    """
    found = []
    for number in sorted(numbers):
        cut = tracer.cuts.at(number)
        place = site_of(cut.place) if cut.place is not None else site_of(cut.at)
        handed_over = number in tracer.handed_over
        found.append(GradCut(number, cut.kind, place, cut.operation, site_of(cut.at), handed_over, cut.certain))
    return found
