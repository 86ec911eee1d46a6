"""A saved tensor that was overwritten before its backward: who saved it, and who wrote."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

import torch

from gradprobe.recorder.deep.node import Node
from gradprobe.recorder.deep.operations import ALIASES
from gradprobe.recorder.deep.postmortem.saved import label
from gradprobe.values import Observation, RelatedSite, Site

if TYPE_CHECKING:
    from gradprobe.recorder.deep.deep import Deep, StepMark

WHAT: Final = "saved-overwritten"


def overwritten(deep: Deep, modified: list[Any], site: Site) -> Observation | None:
    """Return the write to a saved tensor.

    Args:
        deep: The deep steps.
        modified: Nodes of autograd whose saved tensors were written to.
        site: Where backward was called.
    """
    best: tuple[int, Site, Node | None, str, tuple[str, ...]] | None = None
    for graph_node in modified:
        node = label(graph_node)
        for sequence, where, what, names in _writes(deep, graph_node, node):
            if best is None or sequence < best[0]:
                best = (sequence, where, node, what, names)
    if best is None:
        return _within_compiled(deep, modified, site)
    _, where, node, what, names = best
    related = [RelatedSite(site, "backward")]
    if node is not None and node.place is not None:
        related.insert(0, RelatedSite(deep.site(node.place), "saved here"))
    detail = {"write": what, "operation": node.operation if node is not None else _name(modified[0])}
    return Observation(WHAT, where, tuple(related), names, detail)


def _within_compiled(deep: Deep, modified: list[Any], site: Site) -> Observation | None:
    """Return the one line of compiled code that can have written: which of its operations saved what is not known."""
    if len(deep.compiled_writes) != 1 or any(label(graph_node) is not None for graph_node in modified):
        return None
    ((place, name),) = deep.compiled_writes
    if place is None:
        return None
    detail = {"write": name, "operation": _name(modified[0])}
    return Observation(WHAT, deep.site(place), (RelatedSite(site, "backward"),), (), detail)


def _writes(deep: Deep, graph_node: Any, node: Node | None) -> list[tuple[int, Site, str, tuple[str, ...]]]:
    """Return the writes that can have changed what a node saved: (sequence, site, what wrote, parameters)."""
    found: list[tuple[int, Site, str, tuple[str, ...]]] = []
    if node is not None:
        for one in _with_memory(node):
            found += [
                (sequence, deep.site(place), name, ())
                for sequence, name, place, _ in one.writes or ()
                if sequence > node.sequence and place is not None
            ]
    leaves = [following.variable for following, _ in graph_node.next_functions if hasattr(following, "variable")]
    if node is not None:
        for one in _with_memory(node):
            if one.leaf:
                leaf = deep.tracer.leaves.at(one.leaf.bit_length() - 1).reference()
                if leaf is not None:
                    leaves.append(leaf)
    since = node.sequence if node is not None else -1
    for step in deep.optimizer_steps:
        owned = [leaf for leaf in leaves if step.wrote_to(leaf)]
        if step.sequence >= since and owned:
            names = tuple(_parameter_name(deep, leaf) for leaf in owned)
            found.append((step.sequence, _line_to_move(deep, step), "optimizer step", names))
            if node is None:
                found = [min(found, key=lambda one: -one[0])]  # Of the steps there were, the newest.
    return found


def _line_to_move(deep: Deep, step: StepMark) -> Site:
    """Return the line whose place is wrong: the step, or the call that leads to it in a function that leads to the backward too."""
    running = {place[0] for place in deep.tracer.chain(sys._getframe(1)) if place is not None}
    shared = next((place for place in step.chain if place is not None and place[0] in running), None)
    return step.site if shared is None else deep.site(shared)


def _with_memory(node: Node) -> list[Node]:
    """Return an operation's operands and result, and what they share their memory with."""
    found = [node]
    for parent in node.parents:
        current: Node | None = parent
        while current is not None and current not in found:
            found.append(current)
            current = current.parents[0] if current.operation in ALIASES and current.parents else None
    return found


def _parameter_name(deep: Deep, leaf: torch.Tensor) -> str:
    position = deep.layout.position(leaf)
    return "" if position is None else deep.layout.parameters[position].name


def _name(graph_node: Any) -> str:
    return type(graph_node).__name__.removesuffix("0").removesuffix("Backward").lower()
