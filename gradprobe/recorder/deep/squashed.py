"""Whether a tensor holds probabilities or their logarithms: by the operation that made it, and by its values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from gradprobe.recorder.deep.operations import PASS_THROUGH

if TYPE_CHECKING:
    import torch

    from gradprobe.recorder.deep.node import Node

_SOFTMAX: Final = frozenset({"softmax", "special_softmax", "softmin", "gumbel_softmax"})
_SIGMOID: Final = frozenset({"sigmoid", "sigmoid_", "special_expit", "hardsigmoid"})
_LOG_SOFTMAX: Final = frozenset({"log_softmax", "special_log_softmax"})
_LOG_SIGMOID: Final = frozenset({"log_sigmoid", "logsigmoid"})
_EXP: Final = frozenset({"exp", "exp_"})
_LOG: Final = frozenset({"log", "log_"})
_DIVIDE: Final = frozenset({"div", "div_", "true_divide", "divide", "__truediv__", "__itruediv__", "__div__"})
_INVERT: Final = frozenset({"reciprocal", "reciprocal_", "__rtruediv__", "__rdiv__"})
_ADD: Final = frozenset({"add", "add_", "__add__", "__radd__", "__iadd__"})
_JOINS: Final = frozenset({"cat", "concat", "concatenate", "stack", "hstack", "vstack"})
_KEEPS: Final = PASS_THROUGH | {
    *("clamp", "clamp_", "clamp_min", "clamp_min_", "clamp_max", "clamp_max_", "clip", "clip_", "nan_to_num"),
    *("chunk", "split", "unbind", "broadcast_tensors", "index_select", "gather", "masked_select", "broadcast_to"),
}
"""Operations that leave probabilities probabilities."""
RAW: Final = frozenset(
    {"linear", "addmm", "mm", "matmul", "__matmul__", "bmm", "baddbmm", "bilinear", "conv1d", "conv2d", "conv3d"}
)
"""Operations whose results may be anything: scores, logits."""
_ROWS: Final = 16
"""Slices of each dimension whose sums are looked at."""
_MOST_STEPS: Final = 64


class Squashed(NamedTuple):
    """What made probabilities.

    Attributes:
        kind: `softmax`, `sigmoid`, `log-softmax` or `log-sigmoid`.
        node: The operation's result.
        chain: The nodes from there to the tensor that was asked about, that one included.
    """

    kind: str
    node: Node
    chain: tuple[Node, ...]


def squashed(node: Node) -> Squashed | None:
    """Return what made a tensor's values probabilities, or their logarithms; None where nothing known did."""
    chain = [node]
    for _ in range(_MOST_STEPS):
        kind = _kind(node)
        if kind:
            return Squashed(kind, node, tuple(chain))
        if node.operation in _JOINS and node.parents:
            found = [squashed(parent) for parent in node.parents[:8]]
            first = found[0]
            if first is None or any(one is None or one.kind != first.kind for one in found):
                return None
            return Squashed(first.kind, first.node, (*chain, *first.chain))
        if node.operation not in _KEEPS and not _is_nudge(node):
            return None
        if not node.parents:
            return None
        node = node.parents[0]
        chain.append(node)
    return None


def origin(node: Node) -> Node:
    """Return what made a tensor, passing over what leaves values as they are."""
    return node.origin(PASS_THROUGH)


def _kind(node: Node) -> str:
    operation = node.operation
    for kind, names in (
        ("softmax", _SOFTMAX),
        ("sigmoid", _SIGMOID),
        ("log-softmax", _LOG_SOFTMAX),
        ("log-sigmoid", _LOG_SIGMOID),
    ):
        if operation in names:
            return kind
    if operation in _EXP and node.parents:
        inner = squashed(node.parents[0])
        return inner.kind[4:] if inner is not None and inner.kind.startswith("log-") else ""
    if operation in _LOG and node.parents:
        inner = squashed(node.parents[0])
        return f"log-{inner.kind}" if inner is not None and not inner.kind.startswith("log-") else ""
    if _is_logistic(node):
        return "sigmoid"
    return "softmax" if _is_normalised(node) else ""


def _is_logistic(node: Node) -> bool:
    """Return whether it was made as `1 / (1 + exp(-x))` or `exp(x) / (1 + exp(x))`."""
    if node.operation in _INVERT and node.parents:
        below = node.parents[0]
    elif node.operation in _DIVIDE and len(node.parents) == 2 and node.parents[0].operation in _EXP:
        below = node.parents[1]
    else:
        return False
    constants = (below.constants or {}).values()
    is_one_more = below.operation in _ADD and 1 in constants
    return is_one_more and bool(below.parents) and below.parents[0].operation in _EXP


def _is_normalised(node: Node) -> bool:
    """Return whether it is something divided by its own sum."""
    if node.operation not in _DIVIDE or len(node.parents) != 2:
        return False
    above, below = node.parents
    total = below.origin(_KEEPS)
    return total.operation in ("sum", "nansum") and bool(total.parents) and total.parents[0] is above


def _is_nudge(node: Node) -> bool:
    """Return whether it is its parent and a tiny constant."""
    if node.operation not in _ADD or len(node.parents) != 1 or not node.constants:
        return False
    return any(isinstance(value, float) and 0 < abs(value) <= 1e-3 for value in node.constants.values())


def is_distribution(tensor: torch.Tensor, dim: int) -> bool:
    """Return whether values are not negative and sum to one along a dimension, in the rows that are looked at.

    Args:
        tensor: Floating-point, of at least one dimension.
        dim: The dimension; it must have two entries or more.
    """
    values = tensor.detach()
    if values.dim() == 0 or not -values.dim() <= dim < values.dim() or values.shape[dim] < 2 or not values.numel():
        return False
    values = values.movedim(dim, -1)
    for leading in range(values.dim() - 1):
        values = values.narrow(leading, 0, min(_ROWS, values.shape[leading]))
    tolerance = 1e-4 if values.element_size() >= 4 else 2e-2
    values = values.reshape(-1, values.shape[-1]).float()
    # One number is read, whatever the device.
    return bool(((values >= 0).all() & ((values.sum(-1) - 1).abs() <= tolerance).all()).item())
