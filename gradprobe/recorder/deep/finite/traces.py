"""After a loss that is not finite in a step that was not a deep one: the graph still has what it saved, in the order it ran.

The nodes of a loss's graph are walked in the same order as in a deep step; if they are of the same kinds, the lines are those
of the deep step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import torch

from gradprobe.recorder.deep import graph
from gradprobe.recorder.deep.finite.births import OVERFLOWING, RISKY, Birth, can_be_looked_at, is_finite
from gradprobe.recorder.deep.operations import HALVES
from gradprobe.recorder.deep.postmortem.saved import label, sequence_of

if TYPE_CHECKING:
    from gradprobe.recorder.deep.deep import Deep
    from gradprobe.values import Site

MOST: Final = 4000
"""Nodes of a graph that are remembered."""
LONGEST_CHAIN: Final = 16
"""Nodes in a row that save no operand, up to which they are followed."""
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
    """A loss's graph in a deep step: kind, operation and line of each node, in the order of `graph.nodes`.

    `overflows` are the nodes of operations that can overflow, because they compute in half precision.
    """

    kinds: tuple[str, ...]
    operations: tuple[str, ...]
    sites: tuple[Site | None, ...]
    overflows: frozenset[int]


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
        frozenset(
            index
            for index, one in enumerate(labels)
            if one is not None and one.dtype in HALVES and one.operation in RISKY | OVERFLOWING
        ),
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
        before = [known[one] for one in _since_last_saved(following) if one in known]
        index = next((one for one in reversed(before) if one in trace.overflows), index)
        site = trace.sites[index] if index >= 0 else None
        if site is not None:
            return Birth(site, trace.operations[index], "forward", None)
        here = trace.sites[known[node]]
        return None if here is None or following is not None else Birth(here, "data", "forward", None)
    return None


def _since_last_saved(node: Any) -> list[Any]:
    """Return a node and those before it, newest first, up to one that has saved its operand: what follows that one is not known."""
    chain: list[Any] = []
    while node is not None and sequence_of(node) >= 0 and len(chain) < LONGEST_CHAIN:
        chain.append(node)
        if any(isinstance(getattr(node, name, None), torch.Tensor) for name, at in _OPERANDS.items() if not at):
            break
        node = node.next_functions[0][0] if node.next_functions else None
    return chain


def _bad_operand(node: Any) -> int | None:
    """Return which operand a node saved that is not finite."""
    for name, position in _OPERANDS.items():
        value = getattr(node, name, None)
        if isinstance(value, torch.Tensor) and can_be_looked_at(value) and not is_finite(value):
            return position
    return None
