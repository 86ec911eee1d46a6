"""A graph that is backpropagated a second time: which tensor carried it over, and where that was made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from gradprobe.recorder.deep import graph
from gradprobe.recorder.deep.postmortem.keeping import carrying_line
from gradprobe.recorder.deep.postmortem.saved import label, sequence_of
from gradprobe.values import Observation, RelatedSite, Site
from gradprobe.values.observations import Detail

if TYPE_CHECKING:
    import torch

    from gradprobe.recorder.deep.deep import Deep
    from gradprobe.recorder.deep.node import Node

WHAT: Final = "graph-reused"
MOST_PARTS: Final = 10_000
"""Nodes of autograd that one operation may consist of: a recurrent layer has some for every time step."""


def reused(deep: Deep, roots: list[torch.Tensor], freed: list[Any], site: Site) -> Observation | None:
    """Return what carried an old graph into the one that was backpropagated.

    Args:
        deep: The deep steps, with the backward calls before this one.
        roots: What backward was called on.
        freed: Nodes of autograd whose saved tensors are gone: by an earlier backward, or by this one before it failed.
        site: Where it was called.
    """
    earlier = deep.backward_marks[:-1]
    if not earlier or not freed:
        return None
    newest = max(mark.newest for mark in earlier)
    old = {node for node in freed if sequence_of(node) <= newest}
    if not old:
        return None
    carried, user = _boundary(roots, _leading_to(roots, old, newest), newest)
    first = next((mark for mark in earlier if mark.newest >= sequence_of(carried)), earlier[-1])
    made, used = _label_near(carried, roots), None if user is None else _label_near(user, roots)
    related = [RelatedSite(first.site, "first backward"), RelatedSite(site, "second backward")]
    if used is not None and used.place is not None:
        related.append(RelatedSite(deep.site(used.place), "used again here"))
    place, at = carrying_line(deep, None if user is None else carried, made, used)
    if at is not None:
        related.append(RelatedSite(deep.site(at), "made here"))
    detail: dict[str, Detail] = {
        "operation": "" if made is None else made.operation,
        "made_in_step": -1 if made is None else made.step,
        "step": deep.tracer.step,
        "whole": user is None,
        "retained": first.retained,
        "made": "" if made is None or made.place is None else f"{made.place[0].co_filename}:{made.place[1]}",
    }
    location = deep.site(place) if place is not None else (first.site if user is None else site)
    return Observation(WHAT, location, tuple(related), detail=detail)


def _leading_to(roots: list[torch.Tensor], freed: set[Any], newest: int) -> set[Any]:
    """Return freed nodes and the old ones in front of them: what saves nothing, a slice for instance, is not freed."""
    users: dict[Any, list[Any]] = {}
    for node, following in _edges(roots):
        users.setdefault(following, []).append(node)
    found, queue = set(freed), list(freed)
    for node in queue:
        for user in users.get(node, ()):
            if user not in found and 0 <= sequence_of(user) <= newest:
                found.add(user)
                queue.append(user)
    return found


def _boundary(roots: list[torch.Tensor], old: set[Any], newest: int) -> tuple[Any, Any]:
    """Return the newest old node that a new one hangs on, and that one; None for it where the root itself is old."""
    edges = [(following, node) for node, following in _edges(roots) if following in old and sequence_of(node) > newest]
    if edges:
        return max(edges, key=lambda edge: sequence_of(edge[0]))
    inner = [(following, node) for node, following in _edges(roots) if following in old and node not in old]
    if inner:
        return max(inner, key=lambda edge: sequence_of(edge[0]))
    return max(old, key=sequence_of), None


def _edges(roots: list[torch.Tensor]) -> Iterator[tuple[Any, Any]]:
    for root in roots:
        for node in graph.nodes(root.grad_fn) if root.grad_fn is not None else ():
            for following, _ in node.next_functions:
                if following is not None:
                    yield node, following


def _label_near(node: Any, roots: list[torch.Tensor]) -> Node | None:
    """Return what is known of a node, or of the nearest one behind which it is a part of an operation."""
    found = label(node)
    if found is not None:
        return found
    behind = {following: one for one, following in _edges(roots)}
    current = node
    for _ in range(MOST_PARTS):
        current = behind.get(current)
        if current is None:
            return None
        found = label(current)
        if found is not None:
            return found
    return None
