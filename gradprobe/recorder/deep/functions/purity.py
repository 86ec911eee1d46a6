"""Whether a function may be run once more without anybody noticing: read from its code, and doubt is a no."""

from __future__ import annotations

import builtins
import dis
import math
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
from typing import Any, Final

import torch

MOST_DEPTH: Final = 4
"""Functions of the user's within one another that are followed."""
_VALUES: Final = (bool, int, float, str, torch.dtype, torch.device)
_BUILTINS: Final = frozenset(
    {
        *(
            "abs",
            "all",
            "any",
            "bool",
            "divmod",
            "enumerate",
            "float",
            "int",
            "isinstance",
            "len",
            "list",
            "max",
            "min",
        ),
        *("pow", "range", "reversed", "round", "slice", "sorted", "sum", "tuple", "zip", "hasattr", "ValueError"),
        *("AssertionError", "NotImplementedError", "RuntimeError", "TypeError"),
    }
)
_MODULES: Final = ("torch", "torch.nn.functional", "torch.nn", "torch.special", "torch.linalg", "torch.fft", "math")
_REFUSED: Final = frozenset(
    {
        *("rand", "randn", "randint", "rand_like", "randn_like", "randint_like", "randperm", "bernoulli", "bernoulli_"),
        *("dropout", "dropout_", "alpha_dropout", "feature_dropout", "multinomial", "normal", "normal_", "uniform_"),
        *("random", "random_", "exponential_", "gumbel_softmax", "rrelu", "seed", "manual_seed", "set_rng_state"),
        *("distributed", "dist", "autograd", "enable_grad", "set_grad_enabled", "checkpoint", "backward", "cuda"),
        *("ops", "jit", "compile", "library", "utils", "save", "load", "item", "tolist", "numpy", "set_default_dtype"),
        *("set_default_device", "register_hook", "requires_grad_", "optim", "Generator", "data_ptr", "apply"),
    }
)
"""Attributes at which it is left alone: chance, other processes, autograd itself, and what leaves torch."""
_REFUSED_NAMES: Final = frozenset({"grad", "checkpoint", "all_reduce", "all_gather", "broadcast"})
_STEPS: Final = frozenset(
    {
        *("round", "round_", "floor", "floor_", "ceil", "ceil_", "trunc", "fix", "heaviside", "argmax", "argmin"),
        *("bucketize", "searchsorted", "fake_quantize_per_tensor_affine", "quantize_per_tensor", "int", "long"),
    }
)
"""Operations whose result changes in steps."""
_WRITES: Final = frozenset({"STORE_GLOBAL", "DELETE_GLOBAL", "IMPORT_NAME", "DELETE_ATTR", "LOAD_NAME", "STORE_NAME"})
_OUTSIDE: Final = frozenset({"LOAD_GLOBAL", "LOAD_DEREF", "LOAD_CLASSDEREF", "LOAD_FROM_DICT_OR_DEREF"})


def is_pure(function: Any, depth: int = 0) -> bool:
    """Return whether a function of the user's only computes: it draws no numbers, and writes to nothing but its `ctx`."""
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    if not isinstance(function, FunctionType) or depth > MOST_DEPTH:
        return False
    defaults = (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values())
    if not all(value is None or isinstance(value, _VALUES) for value in defaults):  # A list or a dict may be a memory.
        return False
    closure = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=False))
    context = function.__code__.co_varnames[:1]
    return _is_pure_code(function.__code__, function.__globals__, closure, context, depth)


def is_stepwise(function: Any) -> bool:
    """Return whether a function's own code rounds or picks: its derivative is then another one on purpose."""
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    code = getattr(function, "__code__", None)
    return isinstance(code, CodeType) and not _STEPS.isdisjoint(code.co_names)


def _is_pure_code(
    code: CodeType, names: dict[str, Any], closure: dict[str, Any], context: tuple[str, ...], depth: int
) -> bool:
    if any(name in _REFUSED for name in code.co_names):
        return False
    before: dis.Instruction | None = None
    for instruction in dis.get_instructions(code):
        name = instruction.opname
        if name in _WRITES or (name == "STORE_DEREF" and instruction.argval in code.co_freevars):
            return False
        if name == "STORE_ATTR" and not (before is not None and _loaded(before) in context):
            return False
        if name in _OUTSIDE and not _is_known(instruction.argval, code, names, closure, depth):
            return False
        before = instruction
    inner = (one for one in code.co_consts if isinstance(one, CodeType))
    return all(_is_pure_code(one, names, closure, context, depth) for one in inner)


def _loaded(instruction: dis.Instruction) -> Any:
    """Return the name of the local that an instruction has put on top: from Python 3.13 on, one may put two."""
    names = instruction.argval
    return names[-1] if isinstance(names, tuple) else names


def _is_known(name: str, code: CodeType, names: dict[str, Any], closure: dict[str, Any], depth: int) -> bool:
    """Return whether what a name outside of the code means has no state that could be changed."""
    if name in code.co_cellvars or (name in code.co_freevars and name not in closure):
        return True  # A local of the function around it, which is looked at as well.
    if name in closure:
        try:
            value = closure[name].cell_contents
        except ValueError:
            return False
    elif name in names:
        value = names[name]
    else:
        return name in _BUILTINS and hasattr(builtins, name)
    if value is None or isinstance(value, _VALUES):
        return True
    if isinstance(value, ModuleType):
        return value.__name__ in _MODULES
    if value is torch.Tensor or value is torch.Size:
        return True
    owner = getattr(value, "__module__", None) or ""
    if isinstance(value, BuiltinFunctionType):
        bound = getattr(value, "__self__", None)
        is_method = bound is not None and bound is not math and type(bound).__module__.split(".")[0] != "torch"
        is_refused = isinstance(bound, torch.Tensor) or name in _REFUSED | _REFUSED_NAMES
        return not is_method and not is_refused and owner.split(".")[0] in ("torch", "math", "")
    if isinstance(value, FunctionType):
        if owner.split(".")[0] == "torch":
            return owner in (*_MODULES, "torch.functional") and value.__name__ not in _REFUSED | _REFUSED_NAMES
        return is_pure(value, depth + 1)
    return False
