"""Losses of float32 models that became float64 because a float64 tensor came in: a target or a constant from NumPy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import torch

from gradprobe.recorder.deep.node import Node, positions_of
from gradprobe.recorder.deep.suspects import Lineage, names_in
from gradprobe.recorder.deep.watching import Watcher
from gradprobe.values import Observation, RelatedSite, Site
from gradprobe.values.observations import Detail

if TYPE_CHECKING:
    from gradprobe.recorder.deep.tracer import Tracer

WHAT: Final = "loss-widened"
"""An observation of a loss that is float64 although its parameters are not.

`detail`: `operation` (where it became so), `by` (what made the float64 tensor), `whole` (whether more than one number did).
The site is the line where the float64 tensor was made, where that was seen.
"""
_CASTS: Final = frozenset({"double", "to", "type", "type_as", "_to_copy"})


def backward(tracer: Tracer, root: torch.Tensor, node: Node, site: Site) -> None:
    """Look at the dtype of a loss, and for where it came from."""
    if root.dtype != torch.float64 or not node.live or _has_wide_leaves(tracer, node):
        return
    deep = tracer.deep
    for place in Lineage(node):
        if not _is_widened(place):
            continue
        wide = next((one for one in place.parents if one.dtype == torch.float64 and not one.live), None)
        if wide is None:
            continue  # A cast: somebody wanted it.
        source = _source(wide)
        made = source if source.place is not None else place
        related = [RelatedSite(deep.site(place.place), "becomes float64 here"), RelatedSite(site, "backward")]
        detail: dict[str, Detail] = {
            "operation": place.operation,
            "by": source.operation,
            "whole": bool(place.shape) or bool(wide.shape),
        }
        deep.observe(
            Observation(
                WHAT, deep.site(made.place), tuple(related), names_in(tracer, place), detail, key=place.operation
            )
        )


def _has_wide_leaves(tracer: Tracer, node: Node) -> bool:
    tensors = (tracer.leaves.at(bit).reference() for bit in positions_of(node.live))
    return any(tensor is not None and tensor.dtype in (torch.float64, torch.complex128) for tensor in tensors)


def _is_widened(node: Node) -> bool:
    """Return whether an operation made float64 of something narrower that a gradient flows to."""
    if node.dtype != torch.float64 or node.operation in _CASTS:
        return False
    flowing = [parent for parent in node.parents if parent.live or parent.leaf]
    return bool(flowing) and all(parent.dtype != torch.float64 for parent in flowing)


def _source(node: Node) -> Node:
    """Return what first made a float64 tensor float64."""
    while True:
        before = next((one for one in node.parents if one.dtype == torch.float64), None)
        if before is None:
            return node
        if before.place is None and before.operation == "source":
            return node
        node = before


WATCHER: Final = Watcher(backward=backward)
