"""Gradients that the script reads, and whether it makes use of them or only looks at their size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gradprobe.recorder.deep.watching import Watcher

if TYPE_CHECKING:
    from gradprobe.recorder.deep.ownership.taken import Taken
    from gradprobe.recorder.deep.tracer import Seen, Tracer

_PASSED_ON: Final = frozenset(
    {
        *(
            "detach",
            "data",
            "float",
            "double",
            "half",
            "to",
            "cpu",
            "cuda",
            "clone",
            "flatten",
            "view",
            "reshape",
            "ravel",
        ),
        *("abs", "pow", "__pow__", "square", "stack", "cat", "contiguous", "__getitem__", "__abs__", "absolute"),
    }
)
"""Operations whose result is looked at in the gradient's place."""
_LOOKS: Final = frozenset(
    {
        *("norm", "vector_norm", "linalg_vector_norm", "matrix_norm", "_foreach_norm", "linalg_norm", "dist"),
        *(
            "sum",
            "mean",
            "std",
            "var",
            "std_mean",
            "var_mean",
            "max",
            "min",
            "amax",
            "amin",
            "median",
            "quantile",
            "histc",
        ),
        *("any", "all", "isnan", "isinf", "isfinite", "count_nonzero", "numel", "eq", "ne", "lt", "le", "gt", "ge"),
        *("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "item", "numpy", "tolist", "__float__", "sqrt"),
        *("nonzero", "allclose", "equal", "histogram", "topk", "sort", "logical_not", "__array__", "nan_to_num_"),
    }
)
"""Operations that measure it."""


def after(tracer: Tracer, seen: Seen) -> None:
    """Look at an operation on a gradient that was read."""
    books, taken = tracer.deep.books, tracer.deep.taken
    if taken:
        _follow_taken(taken, seen)
    if not books.read_gradients:
        return
    for position, tensor in enumerate(seen.tensors):
        number = books.read_gradient(tensor)
        if number is None:
            continue
        name = seen.operation.name
        if name in _PASSED_ON:
            books.keep_reading(seen.result, number)
        elif name not in _LOOKS and not (position == 0 and seen.operation.in_place):
            books.page(number).is_used = True


def _follow_taken(taken: Taken, seen: Seen) -> None:
    """Follow what the script makes of gradients that it will not leave to their optimizer; an array may go anywhere."""
    name = seen.operation.name
    for position, tensor in enumerate(seen.tensors):
        entries = taken.entries(tensor)
        if not entries:
            continue
        if name in _PASSED_ON:
            taken.follow(seen.result, entries)
        elif name not in _LOOKS and not (position == 0 and seen.operation.in_place):
            taken.use(tensor)


WATCHER: Final = Watcher(frozenset({"*"}), after=after)
