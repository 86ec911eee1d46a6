"""A call of a custom function, kept as copies in double precision, small enough to be run again many times."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from types import FunctionType
from typing import Any, Final

import torch

from gradprobe.recorder.deep.functions.purity import is_pure, is_stepwise

FEW: Final = 4096
"""Elements to which what has the batch's dimension is cut down, in whole rows."""
MOST: Final = 300_000
"""Elements of all arguments together, after that, up to which a call is looked at."""
_PLAIN: Final = (bool, int, float, str, torch.dtype, torch.device, type(None))
_FLOATS: Final = (torch.float16, torch.bfloat16, torch.float32, torch.float64)


@dataclass(frozen=True, slots=True)
class Call:
    """Arguments of a custom function, and which of them need a gradient.

    Attributes:
        function: Its class.
        arguments: Copies: floating point in float64, all on the host.
        wanted: For each argument, whether it needs a gradient.
        names: Their names in `forward`.
    """

    function: Any
    arguments: tuple[Any, ...]
    wanted: tuple[bool, ...]
    names: tuple[str, ...]


def has_setup(function: Any) -> bool:
    """Return whether a function's context is set up apart from its forward."""
    base: Any = torch.autograd.Function
    return getattr(function, "setup_context", None) is not base.setup_context


def can_be_run_again(function: Any) -> bool:
    """Return whether a custom function may be run once more: as far as its code tells."""
    methods = ["forward", "backward", *(["setup_context"] if has_setup(function) else [])]
    found = [getattr(function, method, None) for method in methods]
    if not all(isinstance(one, FunctionType) for one in found):  # A class method, or not in Python.
        return False
    return all(map(is_pure, found)) and not is_stepwise(found[0])


def copied(function: Any, args: tuple[Any, ...], wanted: tuple[bool, ...]) -> Call | None:
    """Return a call's copy; None where an argument is not a plain value, or where they are too large.

    Args:
        function: The class of the custom function.
        args: What it was applied to.
        wanted: For each argument, whether it needed a gradient.
    """
    if not all(_is_plain(value) for value in args):
        return None
    tensors = [value for value in args if isinstance(value, torch.Tensor)]
    rows = _batch(tensors)
    kept = max(2, min(rows, FEW * rows // max(1, sum(one.numel() for one in tensors if _has_batch(one, rows)))))
    if sum(_size(one, rows, kept) for one in tensors) > MOST:
        return None
    code = function.forward
    while hasattr(code, "__wrapped__"):
        code = code.__wrapped__
    names = code.__code__.co_varnames[0 if has_setup(function) else 1 : code.__code__.co_argcount]
    arguments = tuple(_copy(one, rows, kept) if isinstance(one, torch.Tensor) else copy.deepcopy(one) for one in args)
    return Call(function, arguments, wanted, tuple(names))


def _is_plain(value: Any) -> bool:
    if isinstance(value, torch.Tensor):
        is_usual = type(value) in (torch.Tensor, torch.nn.Parameter) and value.layout == torch.strided
        return is_usual and not value.is_complex() and not value.is_quantized and value.device.type != "meta"
    if isinstance(value, (tuple, list)):
        return all(_is_plain(one) and not isinstance(one, torch.Tensor) for one in value)
    return isinstance(value, _PLAIN)


def _batch(tensors: list[torch.Tensor]) -> int:
    """Return the size of the first dimension of the largest tensor that is no parameter: 0 where there is none."""
    data = [one for one in tensors if one.dim() and not isinstance(one, torch.nn.Parameter)]
    return max(data, key=torch.Tensor.numel).shape[0] if data else 0


def _has_batch(tensor: torch.Tensor, rows: int) -> bool:
    return tensor.dim() > 0 and tensor.shape[0] == rows and not isinstance(tensor, torch.nn.Parameter)


def _size(tensor: torch.Tensor, rows: int, kept: int) -> int:
    return tensor.numel() * kept // rows if rows and _has_batch(tensor, rows) else tensor.numel()


def _copy(tensor: torch.Tensor, rows: int, kept: int) -> torch.Tensor:
    part = tensor.detach()
    if kept < rows and _has_batch(tensor, rows):
        part = part[:kept]
    return part.to(device="cpu", dtype=torch.float64 if part.dtype in _FLOATS else part.dtype, copy=True)
