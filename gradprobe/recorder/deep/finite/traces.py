"""After a loss that is not finite in a step that was not a deep one: the graph still has what it saved, in the order it ran.

The nodes of a loss's graph are walked in the same order as in a deep step; if they are of the same kinds, the lines are those
of the deep step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import torch

from gradprobe.recorder.deep import graph
from gradprobe.recorder.deep.finite.births import Birth, can_be_looked_at, is_finite
from gradprobe.recorder.deep.postmortem.saved import label, sequence_of

if TYPE_CHECKING:
    from gradprobe.recorder.deep.deep import Deep
    from gradprobe.values import Site

MOST: Final = 4000
"""Nodes of a graph that are remembered."""
_OPERANDS: Final = {
    "_saved_self": 0,
    "_saved_input": 0,
    "_saved_query": 0,
    "_saved_other": 1,
    "_saved_mat1": 1,
    "_saved_batch2": 1,
    "_saved_target": 1,
}
"""For what nodes save, which operand it is (`addmm` has the bias first); weights are left out, they tell of steps before."""


@dataclass(frozen=True, slots=True)
class Trace:
    """A loss's graph in a deep step: kind, operation and line of each node, in the order of `graph.nodes`."""

    kinds: tuple[str, ...]
    operations: tuple[str, ...]
    sites: tuple[Site | None, ...]


def trace_of(deep: Deep, root: torch.Tensor) -> Trace | None:
    """Return the trace of a loss, in a deep step."""
    first = graph.grad_fn_of(root)
    nodes = [] if first is None else list(graph.nodes(first))
    if not nodes or len(nodes) > MOST:
        return None
    labels = [label(node) for node in nodes]
    return Trace(
        tuple(node.name() for node in nodes),
        tuple("" if one is None else one.operation for one in labels),
        tuple(None if one is None or one.place is None else deep.site(one.place) for one in labels),
    )


def origin_in(trace: Trace, root: torch.Tensor) -> Birth | None:
    """Return where the first value that is not finite came into a loss's graph; None where that does not show."""
    first = graph.grad_fn_of(root)
    nodes = [] if first is None else list(graph.nodes(first))
    if tuple(node.name() for node in nodes) != trace.kinds:
        return None
    known = {node: index for index, node in enumerate(nodes)}
    for node in sorted(nodes, key=sequence_of):
        position = _bad_operand(node)
        if position is None:
            continue
        following = node.next_functions[position][0] if position < len(node.next_functions) else None
        index = known.get(following, -1) if following is not None and sequence_of(following) >= 0 else -1
        site = trace.sites[index] if index >= 0 else None
        if site is not None:
            return Birth(site, trace.operations[index], "forward", None)
        here = trace.sites[known[node]]
        return None if here is None or following is not None else Birth(here, "data", "forward", None)
    return None


def _bad_operand(node: Any) -> int | None:
    """Return which operand a node saved that is not finite."""
    for name, position in _OPERANDS.items():
        value = getattr(node, name, None)
        if isinstance(value, torch.Tensor) and can_be_looked_at(value) and not is_finite(value):
            return position
    return None
