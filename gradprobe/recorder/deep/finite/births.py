"""Operations whose result is not finite although what they were given is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import torch

from gradprobe.recorder.deep.node import Node
from gradprobe.recorder.deep.operations import HALVES
from gradprobe.recorder.deep.watching import Watcher
from gradprobe.recorder.transfer import host_value, on_host
from gradprobe.values import Site

if TYPE_CHECKING:
    from gradprobe.recorder.deep.tracer import Seen, Tracer

LARGEST: Final = 1_000_000
"""Elements up to which a tensor is looked through."""
SOFTMAXES: Final = frozenset(
    {"softmax", "log_softmax", "scaled_dot_product_attention", "multi_head_attention_forward", "logsumexp"}
)
RISKY: Final = SOFTMAXES | frozenset(
    {
        *(
            "log",
            "log2",
            "log10",
            "log1p",
            "sqrt",
            "rsqrt",
            "reciprocal",
            "div",
            "__truediv__",
            "__rtruediv__",
            "true_divide",
        ),
        *(
            "pow",
            "__pow__",
            "exp",
            "expm1",
            "norm",
            "normalize",
            "std",
            "var",
            "acos",
            "asin",
            "atanh",
            "cosh",
            "sinh",
            "mean",
        ),
        *(
            "cross_entropy",
            "nll_loss",
            "binary_cross_entropy",
            "kl_div",
            "cosine_similarity",
            "logit",
            "tan",
            "float_power",
        ),
        *(
            "lgamma",
            "digamma",
            "cumprod",
            "prod",
            "var_mean",
            "std_mean",
            "nanmean",
            "logdet",
            "inverse",
            "cholesky",
            "xlogy",
        ),
    }
)
"""Operations that can make a value that is not finite of finite ones."""
OVERFLOWING: Final = frozenset(
    {
        "sum",
        "mul",
        "__mul__",
        "__rmul__",
        "matmul",
        "linear",
        "bmm",
        "mm",
        "conv2d",
        "conv1d",
        "square",
        "einsum",
        "to",
        "half",
        "add",
        "__add__",
    }
)
"""Operations that overflow in half precision."""


@dataclass(frozen=True, slots=True)
class Birth:
    """A value that is not finite, and where it was born.

    Attributes:
        site: The line.
        operation: Name of the operation; `data` for values that came in that way.
        how: `forward` or `backward`.
        node: What the operation made; None where only the graph of autograd is known.
    """

    site: Site
    operation: str
    how: str
    node: Node | None


def after(tracer: Tracer, seen: Seen) -> None:
    """Look at the result of an operation that can bear such a value, and at data that comes in."""
    name = seen.operation.name
    result = seen.result if isinstance(seen.result, torch.Tensor) else None
    if isinstance(seen.result, tuple) and seen.result and isinstance(seen.result[0], torch.Tensor):
        result = seen.result[0]
    if result is None or seen.node is None or seen.operation.in_place or not can_be_looked_at(result):
        return
    is_half = result.dtype in HALVES
    if name not in RISKY and not (is_half and name in OVERFLOWING) and not tracer.deep.hunts:
        return
    if is_finite(result):
        return
    for tensor, node in zip(seen.tensors, seen.nodes, strict=True):
        if not can_be_looked_at(tensor) or is_finite(tensor):
            continue
        if name in SOFTMAXES and not bool(tensor.isnan().any()):
            continue  # Masked by -inf, which is right, unless a whole row is.
        if node.operation in ("source", "from_numpy", "tensor", "as_tensor") and not node.live:
            place = node.place or seen.place
            tracer.deep.births.append(Birth(tracer.deep.site(place), "data", "forward", seen.node))
        return
    if name in SOFTMAXES and not bool(result.isnan().any()):
        return
    tracer.deep.births.append(Birth(tracer.deep.site(seen.place), name, "forward", seen.node))


def can_be_looked_at(tensor: torch.Tensor) -> bool:
    """Return whether a tensor's values can be looked through without waiting for a device."""
    return tensor.is_floating_point() and 0 < tensor.numel() <= LARGEST and on_host(tensor)


def is_finite(tensor: torch.Tensor) -> bool:
    """Return whether all values are finite."""
    if tensor.numel() == 1 and tensor.dtype in (torch.float32, torch.float64):
        return math.isfinite(host_value(tensor))
    return bool(tensor.detach().isfinite().all())


WATCHER: Final = Watcher(operations=frozenset({"*"}), after=after)
