"""Writes through `.data` to what a graph has saved: autograd does not see them, and computes with what is there now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gradprobe.recorder.deep.watching import Watcher
from gradprobe.values import Observation, RelatedSite, Site

if TYPE_CHECKING:
    import torch

    from gradprobe.recorder.deep.node import Node
    from gradprobe.recorder.deep.tracer import Tracer

WHAT: Final = "silent-overwrite"
_SAVE_BOTH: Final = frozenset(
    {
        *(
            "mul",
            "__mul__",
            "__rmul__",
            "div",
            "__truediv__",
            "matmul",
            "__matmul__",
            "__rmatmul__",
            "mm",
            "bmm",
            "baddbmm",
            "addmm",
        ),
        *(
            "linear",
            "conv1d",
            "conv2d",
            "conv3d",
            "conv_transpose1d",
            "conv_transpose2d",
            "einsum",
            "dot",
            "mv",
            "bilinear",
        ),
    }
)
"""Operations that save each operand if the other one requires a gradient."""
_SAVE_INPUT: Final = frozenset(
    {
        *(
            "pow",
            "log",
            "log2",
            "log10",
            "log1p",
            "sin",
            "cos",
            "gelu",
            "silu",
            "softplus",
            "elu",
            "leaky_relu",
            "abs",
            "square",
        ),
        *(
            "layer_norm",
            "batch_norm",
            "group_norm",
            "rms_norm",
            "norm",
            "prod",
            "std",
            "var",
            "clamp",
            "max_pool2d",
            "__pow__",
        ),
        *(
            "mse_loss",
            "smooth_l1_loss",
            "l1_loss",
            "binary_cross_entropy",
            "binary_cross_entropy_with_logits",
            "huber_loss",
        ),
        *("scaled_dot_product_attention", "lstm", "gru", "rnn_tanh", "rnn_relu", "normalize", "cosine_similarity"),
    }
)
_SAVE_RESULT: Final = frozenset(
    {"exp", "sigmoid", "tanh", "softmax", "log_softmax", "sqrt", "rsqrt", "relu", "reciprocal", "expm1", "logsumexp"}
)


def backward(tracer: Tracer, root: torch.Tensor, node: Node, site: Site) -> None:
    """Look at what this loss was made of for writes that came after it had been used."""
    before = max((sequence for other, sequence, _ in tracer.deep.backwards[:-1] if other == site), default=-1)
    for one in node.graph():
        if (
            not one.live or one.sequence < before
        ):  # A graph that is carried over to the next backward is a mistake of its own.
            continue
        if one.operation in _SAVE_RESULT:
            _look(tracer, one, one, site)
        for position, parent in enumerate(one.parents):
            if parent.writes and _is_saved(one, position):
                _look(tracer, parent, one, site)


def _is_saved(node: Node, position: int) -> bool:
    """Return whether an operation saved its operand at a position for its backward."""
    if node.operation in _SAVE_INPUT:
        return True
    if node.operation not in _SAVE_BOTH or position > 1 or len(node.parents) < 2:
        return False
    other = node.parents[1 - position]
    return bool(other.live or other.leaf)


def _look(tracer: Tracer, written: Node, used: Node, site: Site) -> None:
    for sequence, name, place, _ in written.writes or ():
        if sequence > used.sequence and name.startswith(".data"):
            related = (RelatedSite(tracer.deep.site(used.place), "saved here"), RelatedSite(site, "backward"))
            detail = {"operation": used.operation, "write": name}
            tracer.deep.observe(Observation(WHAT, tracer.deep.site(place), related, detail=detail))


WATCHER: Final = Watcher(backward=backward)
