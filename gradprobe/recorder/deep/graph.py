"""The graph that autograd keeps, read without running it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import torch

if TYPE_CHECKING:
    from gradprobe.recorder.deep.leaves import Leaves

MOST_NODES: Final = 200_000
"""Nodes of a graph that are walked."""
_COMPILED: Final = "gradprobe-compiled"
"""Key of a node's metadata: bits of the leaves that a compiled graph's gradient reaches."""


def grad_fn_of(tensor: torch.Tensor) -> Any:
    """Return the node of autograd that made a tensor; None for a leaf, and for a view that autograd refuses to speak of.

    A view that was made under `no_grad`, and whose base was written to with gradients on, raises when it is asked.
    """
    try:
        return tensor.grad_fn
    except RuntimeError:
        return None


def is_leaf(tensor: torch.Tensor) -> bool:
    """Return whether a tensor is a leaf; False for a view that autograd refuses to speak of."""
    try:
        return tensor.is_leaf
    except RuntimeError:
        return False


def nodes(root: Any) -> Iterator[Any]:
    """Yield the nodes of a graph from its root (a `grad_fn`), each once, nearest first."""
    seen = {root}
    queue = [root]
    for node in queue:
        yield node
        if len(queue) > MOST_NODES:
            return
        for following, _ in node.next_functions:
            if following is not None and following not in seen:
                seen.add(following)
                queue.append(following)


def leaves_of(root: Any) -> Iterator[torch.Tensor]:
    """Yield the leaves that a graph's gradients accumulate into."""
    for node in nodes(root):
        variable = getattr(node, "variable", None)
        if isinstance(variable, torch.Tensor):
            yield variable


def note_compiled(node: Any, bits: int, leaves: Leaves) -> None:
    """Note at the node of a compiled graph what its gradient reaches: it leads to all its arguments, reached or not."""
    node.metadata[_COMPILED] = node.metadata.get(_COMPILED, 0) | bits
    leaves.compiled_kinds.add(type(node).__name__)


def live_bits(root: Any, leaves: Leaves) -> int:
    """Return the bits of the leaves that a graph reaches."""
    bits = 0
    if not leaves.compiled_kinds:
        for variable in leaves_of(root):
            bits |= 1 << leaves.of(variable).number
        return bits
    seen = {root}
    queue = [root]
    for node in queue:
        # The others are not asked: asking makes a dictionary, and an object of Python that stays with the node.
        known = node.metadata.get(_COMPILED) if type(node).__name__ in leaves.compiled_kinds else None
        if known is not None:
            bits |= known
            continue
        leaf = getattr(node, "variable", None)
        if isinstance(leaf, torch.Tensor):
            bits |= 1 << leaves.of(leaf).number
        if len(queue) > MOST_NODES:
            break
        for following, _ in node.next_functions:
            if following is not None and following not in seen:
                seen.add(following)
                queue.append(following)
    return bits
