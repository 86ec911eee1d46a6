"""Networks that no optimizer owns, and that a loss trains all the same: target networks and teachers that were not cut off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gradprobe.recorder.deep.node import Node, positions_of
from gradprobe.recorder.deep.watching import Watcher
from gradprobe.values import Observation, RelatedSite, Site

if TYPE_CHECKING:
    import torch

    from gradprobe.recorder.deep.tracer import Tracer

WHAT: Final = "unowned-branch"
"""An observation of a branch of a loss's graph that holds no parameters but those of networks that no optimizer owns."""


def backward(tracer: Tracer, root: torch.Tensor, node: Node, site: Site) -> None:
    """Look for branches of unowned parameters alone, and where they join the rest."""
    unowned = _unowned(tracer)
    if not node.live & unowned or not node.live & ~unowned:
        return
    mixed = 0
    last: Node | None = None
    joins: list[Node] = []
    for one in node.graph():
        if not one.live & unowned:
            continue
        for parent in one.parents:
            if parent.leaf & unowned:
                if one.live & ~unowned:
                    mixed |= parent.leaf  # What comes into this network is trained: the gradient has to go through it.
                elif last is None or one.sequence > last.sequence:
                    last = one
        if one.live & ~unowned and any(_is_pure(parent, unowned) for parent in one.parents):
            joins.append(one)
    pure = node.live & unowned & ~mixed
    if not pure or last is None or not joins:
        return
    out = _outside(node, last)
    names = tuple(name for bit in positions_of(pure) if (name := tracer.deep.name_of(bit)))
    related = (
        RelatedSite(tracer.deep.site(joins[0].place), "joins the loss here"),
        RelatedSite(tracer.deep.site(last.place), "last operation of the network"),
        RelatedSite(site, "backward"),
    )
    tracer.deep.observe(Observation(WHAT, tracer.deep.site(out.place), related, names))


def _unowned(tracer: Tracer) -> int:
    """Return the bits of named parameters that no optimizer owns, once optimizers step."""
    layout = tracer.deep.layout
    bits = 0
    if not layout.groups:
        return 0
    for leaf, tensor in tracer.leaves.alive():
        position = layout.position(tensor)
        if leaf.is_parameter and position is not None and layout.parameters[position].optimizer is None:
            bits |= 1 << leaf.number
    return bits


def _is_pure(node: Node, unowned: int) -> bool:
    return bool(node.live & unowned) and not node.live & ~unowned


def _outside(root: Node, last: Node) -> Node:
    """Return the first operation on a network's result that stands in another function than the network's own."""
    users: dict[int, Node] = {}
    for one in root.graph():
        for parent in one.parents:
            known = users.get(id(parent))
            if known is None or one.sequence < known.sequence:
                users[id(parent)] = one
    current = last
    while id(current) in users and (current.place is None or last.place is None or current.place[0] is last.place[0]):
        current = users[id(current)]
    return current


WATCHER: Final = Watcher(backward=backward)
