"""What kind of thing an operation of torch is, by its function: looked up once for each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import torch

_SHOWN_PROPERTIES: Final = frozenset({"data", "T", "mT", "H", "mH", "real", "imag"})
_UNSEEN: Final = frozenset(
    {
        *(
            "size",
            "dim",
            "ndimension",
            "stride",
            "numel",
            "nelement",
            "is_floating_point",
            "is_complex",
            "is_contiguous",
        ),
        *("element_size", "data_ptr", "storage", "untyped_storage", "storage_offset", "get_device", "is_tensor"),
        *(
            "__repr__",
            "__len__",
            "__hash__",
            "__format__",
            "__bool__",
            "__contains__",
            "__iter__",
            "__dir__",
            "__reduce_ex__",
        ),
        *("register_hook", "register_post_accumulate_grad_hook", "backward", "is_signed", "is_shared", "is_pinned"),
        *(
            "type",
            "has_names",
            "is_set_to",
            "is_same_size",
            "_is_view",
            "is_inference",
            "is_conj",
            "is_neg",
            "can_cast",
        ),
        *("_set_grad_enabled", "is_grad_enabled", "result_type", "get_default_dtype", "manual_seed", "_is_all_true"),
        *("_has_compatible_shallow_copy_type", "is_nonzero", "equal", "allclose", "is_storage", "set_default_dtype"),
        *("empty", "empty_like", "empty_strided", "new_empty", "set_printoptions", "_assert_async", "share_memory_"),
    }
)
"""Operations that neither make nor change a value that a gradient could flow through."""
_ESCAPES: Final = frozenset(
    {"item", "__float__", "__int__", "__index__", "tolist", "numpy", "__array__", "__complex__"}
)
_IN_PLACE_NAMES: Final = frozenset(
    {"__setitem__", "copy_", "__iadd__", "__isub__", "__imul__", "__itruediv__", "__ifloordiv__"}
)
ROUNDINGS: Final = frozenset(
    {"round", "floor", "ceil", "trunc", "fix", "sign", "sgn", "floor_divide", "__floordiv__", "heaviside"}
)
"""Operations whose gradient is zero everywhere."""
DRAWS: Final = frozenset({"normal", "bernoulli", "poisson", "binomial"})
"""Functions that draw at random, and whose gradient to the parameters of the distribution is zero (derivatives.yaml of torch)."""
_COMPARISONS: Final = frozenset(
    {
        *(
            "gt",
            "ge",
            "lt",
            "le",
            "eq",
            "ne",
            "__gt__",
            "__ge__",
            "__lt__",
            "__le__",
            "__eq__",
            "__ne__",
            "greater",
            "less",
        ),
        *("isclose", "isnan", "isinf", "isfinite", "logical_and", "logical_or", "logical_not", "signbit", "nonzero"),
        *("greater_equal", "less_equal", "not_equal", "any", "all", "isin", "bucketize", "searchsorted"),
    }
)
_INDEXES: Final = frozenset(
    {
        *(
            "argmax",
            "argmin",
            "argsort",
            "max",
            "min",
            "topk",
            "sort",
            "kthvalue",
            "mode",
            "median",
            "nanmedian",
            "unique",
        ),
        *(
            "aminmax",
            "cummax",
            "cummin",
            "histc",
            "bincount",
            "one_hot",
            "count_nonzero",
            "msort",
            "max_pool2d_with_indices",
        ),
    }
)
_CASTS: Final = frozenset(
    {"long", "int", "short", "char", "byte", "bool", "to", "type", "type_as", "view", "__trunc__"}
)
_SAMPLES: Final = frozenset({"multinomial", "bernoulli", "poisson", "normal", "binomial", "bernoulli_", "normal_"})
_WRAPS: Final = frozenset(
    {"tensor", "as_tensor", "asarray", "from_numpy", "full", "scalar_tensor", "new_tensor", "full_like"}
)
REWRAPS: Final = _WRAPS
"""Functions that make a tensor of values; given a tensor, an array or numbers, they start a new graph."""
FACTORIES: Final = frozenset(
    {
        *(
            "zeros_like",
            "ones_like",
            "rand_like",
            "randn_like",
            "randint_like",
            "full_like",
            "new_zeros",
            "new_ones",
            "new_full",
        ),
        *("zero_", "fill_", "uniform_", "normal_", "random_", "exponential_", "arange"),
    }
)
"""Operations that take no value from a tensor that they are given."""
HALVES: Final = (torch.float16, torch.bfloat16)
"""Dtypes of half precision."""
LIKENESSES: Final = frozenset({"expand_as", "view_as", "reshape_as", "type_as", "to"})
"""Operations that take a value from their first tensor alone, and shape or dtype from another one."""
PASS_THROUGH: Final = frozenset(
    {
        *(
            "view",
            "reshape",
            "transpose",
            "permute",
            "squeeze",
            "unsqueeze",
            "flatten",
            "contiguous",
            "clone",
            "expand",
            "swapaxes",
        ),
        *(
            "expand_as",
            "view_as",
            "reshape_as",
            "t",
            "T",
            "mT",
            "float",
            "to",
            "type_as",
            "double",
            "half",
            "bfloat16",
            "movedim",
        ),
        *(
            "__getitem__",
            "unflatten",
            "narrow",
            "select",
            "cpu",
            "cuda",
            "squeeze_",
            "unsqueeze_",
            "requires_grad_",
            "ravel",
        ),
    }
)
"""Operations that leave the values what they are."""
ALIASES: Final = frozenset(
    {
        *(
            "view",
            "reshape",
            "transpose",
            "permute",
            "squeeze",
            "unsqueeze",
            "flatten",
            "expand",
            "expand_as",
            "view_as",
            "t",
            "T",
        ),
        *(
            "mT",
            "detach",
            "data",
            "__getitem__",
            "narrow",
            "select",
            "unflatten",
            "chunk",
            "split",
            "unbind",
            "swapaxes",
            "real",
        ),
        *("diagonal", "unfold", "contiguous", "requires_grad_", "movedim", "ravel", "to", "float", "cpu", "detach_"),
    }
)
"""Operations whose result may be the same memory as their first argument."""


class Operation:
    """What is known of a function of torch.

    Attributes:
        name: Its name; a property's own.
        unseen: Whether it is of no interest.
        escape: Whether its result leaves torch: a Python number, a list, an array.
        in_place: Whether it writes to its first argument.
        is_set: Whether it sets a property.
        kind: What it is called as a cut, where its result does not require a gradient.
        reads_gradient: Whether it reads the property `grad`.
        sets_gradient: Whether it sets it.
    """

    __slots__ = ("escape", "in_place", "is_set", "kind", "name", "reads_gradient", "sets_gradient", "unseen")

    def __init__(self, function: Callable[..., Any]) -> None:
        name = getattr(function, "__name__", "") or type(function).__name__
        owner = getattr(function, "__self__", None)
        self.is_set = False
        if name in ("__get__", "__set__", "__delete__") and owner is not None:
            self.is_set = name == "__set__"
            name = getattr(owner, "__name__", name)
            self.unseen = name not in _SHOWN_PROPERTIES if not self.is_set else name not in ("data", "requires_grad")
        else:
            self.unseen = name in _UNSEEN
        self.name = name
        self.reads_gradient = name == "grad" and owner is not None and not self.is_set
        self.sets_gradient = name in ("grad", "_grad") and self.is_set
        self.escape = name in _ESCAPES
        self.in_place = self.is_in_place(name) or (self.is_set and name == "data")
        self.kind = self.kind_of(name)

    @staticmethod
    def is_in_place(name: str) -> bool:
        """Return whether an operation of this name writes to its first argument."""
        return name in _IN_PLACE_NAMES or (name.endswith("_") and not name.endswith("__"))

    @staticmethod
    def kind_of(name: str) -> str:
        """Return what an operation of this name is called as a cut."""
        return _kind(name)


def _kind(name: str) -> str:
    for kind, names in (
        ("comparison", _COMPARISONS),
        ("index", _INDEXES),
        ("cast", _CASTS),
        ("sample", _SAMPLES),
        ("rounding", ROUNDINGS),
        ("draw", DRAWS),
        ("tensor", _WRAPS),
    ):
        if name in names:
            return kind
    return {"detach": "detach", "detach_": "detach", "data": "data"}.get(name, "other")
