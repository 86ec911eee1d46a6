"""Which values are zero because a parameter is: told from the operations alone, without reading a tensor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gradprobe.recorder.deep.node import positions_of
from gradprobe.recorder.deep.operations import PASS_THROUGH

if TYPE_CHECKING:
    from gradprobe.recorder.deep.leaves import Leaves
    from gradprobe.recorder.deep.node import Node

DEEPEST: Final = 60
"""Operations between a value and the parameter that makes it zero."""
_KEEPS: Final = PASS_THROUGH | {
    *(
        "relu",
        "relu_",
        "relu6",
        "leaky_relu",
        "leaky_relu_",
        "prelu",
        "elu",
        "elu_",
        "selu",
        "celu",
        "gelu",
        "silu",
        "mish",
    ),
    *(
        "tanh",
        "tanh_",
        "sin",
        "tan",
        "asin",
        "atan",
        "sinh",
        "asinh",
        "softsign",
        "tanhshrink",
        "softshrink",
        "hardtanh",
    ),
    *("hardswish", "erf", "expm1", "log1p", "neg", "__neg__", "negative", "abs", "__abs__", "square", "pow", "__pow__"),
    *("dropout", "dropout_", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_dropout", "sum", "mean"),
    *(
        "chunk",
        "split",
        "unbind",
        "roll",
        "flip",
        "repeat",
        "repeat_interleave",
        "pad",
        "index_select",
        "gather",
        "tril",
    ),
    *("triu", "max_pool1d", "max_pool2d", "avg_pool1d", "avg_pool2d", "adaptive_avg_pool1d", "adaptive_avg_pool2d"),
    *(
        "interpolate",
        "div",
        "div_",
        "__truediv__",
        "true_divide",
        "cumsum",
        "diag",
        "diagonal",
        "H",
        "mH",
        "amax",
        "amin",
    ),
}
"""Operations that make zero of zero."""
TIMES: Final = frozenset(
    {
        *(
            "mul",
            "mul_",
            "multiply",
            "__mul__",
            "__rmul__",
            "__imul__",
            "matmul",
            "__matmul__",
            "__rmatmul__",
            "mm",
            "bmm",
        ),
        *("mv", "dot", "vdot", "inner", "outer", "ger", "kron", "einsum", "tensordot", "chain_matmul", "multi_dot"),
    }
)
"""Operations that multiply their arguments."""
LAYERS: Final = frozenset(
    {
        *("linear", "conv1d", "conv2d", "conv3d"),
        *("conv_transpose1d", "conv_transpose2d", "conv_transpose3d"),
    }
)
"""Operations that multiply their first argument with their second, and add their third."""
_ADDED_TIMES: Final = frozenset({"addmm", "baddbmm", "addmv", "addbmm"})
_SUMS: Final = frozenset(
    {
        *("add", "add_", "__add__", "__radd__", "__iadd__", "sub", "sub_", "__sub__", "__rsub__", "__isub__"),
        *("cat", "concat", "concatenate", "stack", "hstack", "vstack"),
    }
)
_NORMS: Final = frozenset({"layer_norm", "batch_norm", "group_norm", "rms_norm", "instance_norm"})


class Zeros:
    """Answers for one graph which of its values are zero, and because of which parameters."""

    def __init__(self, leaves: Leaves) -> None:
        self._leaves = leaves
        self._known: dict[int, int] = {}

    def because(self, node: Node, depth: int = 0) -> int:
        """Return the bits of parameters all of whose values are zero and that make a value zero; 0 where it may not be."""
        key = id(node)
        if key not in self._known:
            self._known[key] = 0  # In a circle nothing is concluded; there is none.
            self._known[key] = self._because(node, depth) if depth < DEEPEST else 0
        return self._known[key]

    def _because(self, node: Node, depth: int) -> int:
        if node.leaf:
            return node.leaf if self._leaves.at(node.leaf.bit_length() - 1).scale == 0.0 else 0
        parents, name = node.parents, node.operation
        if not parents:
            return 0
        if name in _KEEPS:
            return self.because(parents[0], depth + 1)
        if name in TIMES:
            return self._any(parents, depth)
        if name in LAYERS:
            return self._both(self._any(parents[:2], depth), parents[2:], depth)
        if name in _ADDED_TIMES:
            return self._both(self._any(parents[1:3], depth), parents[:1], depth)
        if name in ("embedding", "embedding_bag") and len(parents) > 1:
            return self.because(parents[1], depth + 1)
        if name in _SUMS:
            return 0 if _adds_number(node) else self._both(-1, parents, depth)
        if name in _NORMS and len(parents) > 2:
            return self._both(self._any((parents[0], parents[-2]), depth), parents[-1:], depth)
        return 0

    def _any(self, parents: tuple[Node, ...], depth: int) -> int:
        return next((bits for parent in parents if (bits := self.because(parent, depth + 1))), 0)

    def _both(self, bits: int, added: tuple[Node, ...], depth: int) -> int:
        """Return what makes a sum zero: the bits of one part, and of those that are added to it."""
        if not bits:
            return 0
        bits = 0 if bits == -1 else bits
        for parent in added:
            more = self.because(parent, depth + 1)
            if not more:
                return 0
            bits |= more
        return bits


def _adds_number(node: Node) -> bool:
    """Return whether a Python number other than zero is what is added."""
    numbers = [value for key, value in (node.constants or {}).items() if key in (0, 1, "other")]
    return len(node.parents) == 1 and any(value != 0 for value in numbers if not isinstance(value, str))


def factors(node: Node) -> tuple[Node, ...]:
    """Return the values that an operation multiplies with each other; none where it does not."""
    if node.operation in TIMES:
        return node.parents
    if node.operation in LAYERS or node.operation == "scaled_dot_product_attention":
        return node.parents[:2]
    return node.parents[1:3] if node.operation in _ADDED_TIMES else ()


def largest(leaves: Leaves, bits: int) -> int:
    """Return the position of the bit of the leaf with most elements."""

    def size(number: int) -> int:
        tensor = leaves.at(number).reference()
        return 0 if tensor is None else tensor.numel()

    return max(positions_of(bits), key=size)
