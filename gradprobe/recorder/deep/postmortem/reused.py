"""A graph that is backpropagated a second time: which tensor carried it over, and where that was made."""

from __future__ import annotations

import dis
import sys
from collections.abc import Iterator
from types import CodeType
from typing import TYPE_CHECKING, Any, Final

from gradprobe.recorder.deep import graph
from gradprobe.recorder.deep.postmortem.keeping import keeping_line
from gradprobe.recorder.deep.postmortem.saved import label, sequence_of
from gradprobe.values import Observation, RelatedSite, Site
from gradprobe.values.observations import Detail

if TYPE_CHECKING:
    import torch

    from gradprobe.recorder.deep.deep import Deep
    from gradprobe.recorder.deep.node import Node

WHAT: Final = "graph-reused"


def reused(
    deep: Deep, roots: list[torch.Tensor], freed: list[Any], site: Site, error: BaseException
) -> Observation | None:
    """Return what carried an old graph into the one that was backpropagated.

    Args:
        deep: The deep steps, with the backward calls before this one.
        roots: What backward was called on.
        freed: Nodes of autograd whose saved tensors are gone: by an earlier backward, or by this one before it failed.
        site: Where it was called.
        error: What it raised.
    """
    earlier = deep.backward_marks[:-1]
    if not earlier or not freed:
        return None
    newest = max(mark.newest for mark in earlier)
    old = {node for node in freed if sequence_of(node) <= newest}
    if not old:
        return None
    carried, user = _boundary(roots, old, newest)
    first = next((mark for mark in earlier if mark.newest >= sequence_of(carried)), earlier[-1])
    made, used = _label_near(carried, roots), None if user is None else label(user)
    related = [RelatedSite(first.site, "first backward"), RelatedSite(site, "second backward")]
    if used is not None and used.place is not None:
        related.append(RelatedSite(deep.site(used.place), "used again here"))
    place = _place(made, used)
    if user is not None and (place is None or not _is_kept(*place)):
        kept = keeping_line(deep, carried, place)
        if kept is not None:
            if place is not None:
                related.append(RelatedSite(deep.site(place), "made here"))
            place = kept
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
    for _ in range(8):
        current = behind.get(current)
        if current is None:
            return None
        found = label(current)
        if found is not None:
            return found
    return None


def _place(made: Node | None, used: Node | None) -> Any:
    """Return the line that made the carried tensor: outside of a forward that only computes with it, if it was used there too."""
    if made is None or not made.places:
        return None
    users = set() if used is None else {place[0] for place in used.places}
    for place in made.places[:-1]:
        is_only_computed = place[0].co_name == "forward" and not _is_kept(*place)
        if place[0] in users and not is_only_computed:
            return place
        if place[0] not in users and not users.intersection(outer[0] for outer in made.places):
            return made.place
    return made.places[-1] if made.places[-1][0] in users else made.place


def _is_kept(code: CodeType, line: int) -> bool:
    """Return whether a line of code stores something in an attribute or an item, where it outlives the call."""
    current = code.co_firstlineno
    for instruction in dis.get_instructions(code):
        number = _line_of(instruction)
        current = number if number is not None else current
        if current == line and instruction.opname in ("STORE_ATTR", "STORE_SUBSCR"):
            return True
    return False


def _line_of(instruction: dis.Instruction) -> int | None:
    """Return the line an instruction begins, whichever way this Python says so."""
    if sys.version_info >= (3, 13):
        return instruction.line_number
    starts: Any = instruction.starts_line
    return starts if isinstance(starts, int) and not isinstance(starts, bool) else None
