"""Which line keeps a tensor beyond the call that made it: in an attribute of an object, or in a container there."""

from __future__ import annotations

import dis
import inspect
import sys
from collections.abc import Iterator
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any, Final

import torch

from gradprobe.recorder.deep.graph import grad_fn_of

if TYPE_CHECKING:
    from gradprobe.recorder.deep.deep import Deep
    from gradprobe.recorder.deep.node import Place

MOST: Final = 20_000
"""Objects that are looked through."""
_PUTS: Final = frozenset({"append", "extend", "insert", "setdefault"})
_CONTAINERS: Final = (list, tuple, dict)


def keeping_line(deep: Deep, carried: Any, made: Place) -> Place:
    """Return the line that keeps a tensor, which is looked for from the variables of running functions; None where none is found.

    Args:
        deep: The deep steps.
        carried: The tensor's node of autograd.
        made: The line that made the tensor.
    """
    for owner, name in _holders(deep, carried):
        for function in _functions(type(owner)):
            line = _stores_attribute(function.__code__, name)
            if line:
                return function.__code__, line
    return None if made is None else _stored_later(*made)


def _holders(deep: Deep, carried: Any) -> Iterator[tuple[object, str]]:
    """Yield the user's objects in whose attributes the tensor is, with the attribute's name."""
    seen: set[int] = set()
    queue: list[object] = []
    for frame in deep.tracer.sites.user_chain(sys._getframe(1)):
        queue += frame.f_locals.values()
    for one in queue:
        if (
            id(one) in seen
            or len(seen) > MOST
            or isinstance(one, (type, torch.Tensor, str, bytes, int, float, FunctionType))
        ):
            continue
        seen.add(id(one))
        if isinstance(one, _CONTAINERS):
            queue += list(one.values()) if isinstance(one, dict) else list(one)
            continue
        attributes = getattr(one, "__dict__", None)
        if not isinstance(attributes, dict) or not _is_users(deep, type(one)):
            continue
        for name, value in list(attributes.items()):
            if _holds(value, carried):
                yield one, name
            queue.append(value)


def _is_users(deep: Deep, kind: type) -> bool:
    file = getattr(sys.modules.get(kind.__module__), "__file__", None)
    return issubclass(kind, torch.nn.Module) or (isinstance(file, str) and deep.tracer.sites.is_user_file(file))


def _holds(value: object, carried: Any, depth: int = 2) -> bool:
    if isinstance(value, torch.Tensor):
        return grad_fn_of(value) is carried
    if isinstance(value, _CONTAINERS) and depth and len(value) <= 4096:
        return any(_holds(one, carried, depth - 1) for one in (value.values() if isinstance(value, dict) else value))
    return False


def _functions(kind: type) -> Iterator[FunctionType]:
    """Yield the methods of a class, its own before its parents'."""
    for one in kind.__mro__:
        if one.__module__.partition(".")[0] != "torch":
            yield from (value for value in vars(one).values() if inspect.isfunction(value))


def _lines(code: CodeType) -> dict[int, list[dis.Instruction]]:
    """Return a function's instructions by line."""
    starts = {offset: line for offset, _, line in code.co_lines() if line is not None}
    found: dict[int, list[dis.Instruction]] = {}
    current = code.co_firstlineno
    for instruction in dis.get_instructions(code):
        current = starts.get(instruction.offset, current)
        found.setdefault(current, []).append(instruction)
    return found


def _stores_attribute(code: CodeType, name: str) -> int:
    """Return the last line of a function that puts something into an attribute, or into what is in it; 0 if none does."""
    kept = 0
    for line, instructions in _lines(code).items():
        names = {(one.opname, one.argval) for one in instructions}
        operations = {one.opname for one in instructions}
        is_none = any(one.opname == "LOAD_CONST" and one.argval is None for one in instructions)
        is_read = any(one.argval == name and one.opname in ("LOAD_ATTR", "LOAD_METHOD") for one in instructions)
        puts = "STORE_SUBSCR" in operations or any(one.argval in _PUTS for one in instructions)
        stores = ("STORE_ATTR", name) in names and not (
            is_none and len(operations) <= 4
        )  # `self.x = None` keeps nothing.
        if stores or (is_read and puts):
            kept = line
    return kept


def _stored_later(code: CodeType, made: int) -> Place:
    """Return the line of a function that keeps the variable to which a line assigned, in an attribute or a container of one."""
    lines = _lines(code)
    names = {one.argval for one in lines.get(made, ()) if one.opname == "STORE_FAST"}
    for line in sorted(lines):
        operations = {one.opname for one in lines[line]}
        loaded = {name for one in lines[line] if one.opname.startswith("LOAD_FAST") for name in _names(one.argval)}
        is_kept = "STORE_ATTR" in operations or ("STORE_SUBSCR" in operations and "LOAD_ATTR" in operations)
        if line > made and names & loaded and is_kept and _is_bare(lines[line]):
            return code, line
    return None


def _names(value: object) -> tuple[object, ...]:
    return value if isinstance(value, tuple) else (value,)


def _is_bare(instructions: list[dis.Instruction]) -> bool:
    """Return whether a line calls nothing: it keeps the value itself, not `h.detach()`."""
    return not any("CALL" in one.opname for one in instructions)
