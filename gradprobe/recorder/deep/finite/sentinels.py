"""Nodes of a loss's graph that make an infinite derivative at a value they have saved: looked at before every backward.

In a deep step the way to each such node is noted, with the user's line; in other steps the same way leads to the same
operation, if its kind is the same. A step that turns out to have a gradient that is not finite then has a line to name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import torch

from gradprobe.recorder.deep.finite.births import Birth, can_be_looked_at
from gradprobe.recorder.deep.graph import grad_fn_of
from gradprobe.recorder.deep.node import Node
from gradprobe.recorder.deep.postmortem.saved import label

if TYPE_CHECKING:
    from gradprobe.recorder.deep.deep import Deep
    from gradprobe.values import Site

MOST: Final = 12
"""Nodes of one loss's graph that are looked at in every step."""
DEEPEST: Final = 400
"""Nodes on the way to one of them."""


def _is_zero(name: str) -> Callable[[Any], bool]:
    return lambda node: _any(node, name, lambda value: value == 0)


def _is_tiny(value: torch.Tensor) -> torch.Tensor:
    """Return where the reciprocal of a value, the derivative of its logarithm, is not finite."""
    return value <= torch.finfo(value.dtype).tiny


def _is_infinite(name: str) -> Callable[[Any], bool]:
    return lambda node: _any(node, name, lambda value: ~value.isfinite())


SINGULAR: Final[dict[str, tuple[str, Callable[[Any], bool]]]] = {
    "SqrtBackward0": ("sqrt", _is_zero("_saved_result")),
    "LogBackward0": ("log", lambda node: _any(node, "_saved_self", _is_tiny)),
    "Log2Backward0": ("log2", lambda node: _any(node, "_saved_self", _is_tiny)),
    "Log10Backward0": ("log10", lambda node: _any(node, "_saved_self", _is_tiny)),
    "DivBackward0": ("division", _is_zero("_saved_other")),
    "StdBackward0": ("std", _is_zero("_saved_result")),
    "RsqrtBackward0": ("rsqrt", _is_infinite("_saved_result")),
    "ReciprocalBackward0": ("reciprocal", _is_infinite("_saved_result")),
    "ExpBackward0": ("exp", _is_infinite("_saved_result")),
    "AcosBackward0": ("acos", lambda node: _any(node, "_saved_self", lambda value: value.abs() >= 1)),
    "AsinBackward0": ("asin", lambda node: _any(node, "_saved_self", lambda value: value.abs() >= 1)),
    "SoftmaxBackward0": ("softmax", lambda node: _any(node, "_saved_result", torch.isnan)),
    "PowBackward0": (
        "pow",
        lambda node: float(node._saved_exponent) < 1 and _any(node, "_saved_self", lambda value: value == 0),
    ),
}
"""For kinds of nodes, the operation's name, and whether what the node has saved makes its derivative infinite or NaN."""


def _any(node: Any, name: str, holds: Callable[[torch.Tensor], torch.Tensor]) -> bool:
    try:
        value = getattr(node, name, None)
    except RuntimeError:  # It was freed by an earlier backward, or written to.
        return False
    return isinstance(value, torch.Tensor) and can_be_looked_at(value) and bool(holds(value.detach()).any())


@dataclass(frozen=True, slots=True)
class Sentinel:
    """The way from a loss to a node, and what is known of it."""

    way: tuple[int, ...]
    kind: str
    site: Site


def find_sentinels(deep: Deep, root: torch.Tensor) -> tuple[Sentinel, ...]:
    """Return the ways to the nodes of a loss's graph that can have an infinite derivative, nearest first."""
    first = grad_fn_of(root)
    if first is None:
        return ()
    found: list[Sentinel] = []
    seen = {first}
    queue: list[tuple[Any, tuple[int, ...], Node | None]] = [(first, (), None)]
    for node, way, outer in queue:
        known = label(node) or outer
        kind = node.name()
        if kind in SINGULAR and known is not None and known.place is not None:
            found.append(Sentinel(way, kind, deep.site(known.place)))
            if len(found) >= MOST:
                break
        if len(way) >= DEEPEST or len(queue) > 5000:
            continue
        for index, (following, _) in enumerate(node.next_functions):
            if following is not None and following not in seen:
                seen.add(following)
                queue.append((following, (*way, index), known if label(following) is None else None))
    return tuple(found)


def look(sentinels: tuple[Sentinel, ...], root: torch.Tensor) -> list[Birth]:
    """Return which of the nodes have saved a value at which their derivative is not finite, before they are run."""
    first = grad_fn_of(root)
    found = []
    for sentinel in sentinels:
        node = first
        for index in sentinel.way:
            following = node.next_functions if node is not None else ()
            node = following[index][0] if index < len(following) else None
        if node is None or node.name() != sentinel.kind:
            continue
        name, is_singular = SINGULAR[sentinel.kind]
        if is_singular(node):
            found.append(Birth(sentinel.site, name, "backward", label(node)))
    return found
