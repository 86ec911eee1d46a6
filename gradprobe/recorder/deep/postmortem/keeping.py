"""Which line keeps a tensor beyond the call that made it: in an attribute of an object, or in a container there."""

from __future__ import annotations

import dis
import inspect
import sys
from collections.abc import Container, Iterator
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any, Final

import torch

from gradprobe.recorder.deep.graph import grad_fn_of

if TYPE_CHECKING:
    from gradprobe.recorder.deep.deep import Deep
    from gradprobe.recorder.deep.node import Node, Place

MOST: Final = 20_000
"""Objects that are looked through."""
_PUTS: Final = frozenset({"append", "extend", "insert", "setdefault"})
_CONTAINERS: Final = (list, tuple, dict)


def carrying_line(deep: Deep, carried: Any, made: Node | None, used: Node | None) -> tuple[Place, Place]:
    """Return the line that carries a tensor over to where it is used again, and the one that made it where that is another.

    Args:
        deep: The deep steps.
        carried: The tensor's node of autograd; None where nothing keeps it beyond its call.
        made: What is known of how it was made.
        used: And of what used it again.
    """
    place = _place(made, used)
    if carried is None or (place is not None and _is_kept(*place)):
        return place, None
    kept = keeping_line(deep, carried, made, used)
    return (place, None) if kept is None else (kept, place)


def keeping_line(deep: Deep, carried: Any, made: Node | None, used: Node | None) -> Place:
    """Return the line that keeps a tensor, which is looked for from the variables of running functions; None where none is found.

    Args:
        deep: The deep steps.
        carried: The tensor's node of autograd.
        made: What is known of how it was made.
        used: And of what used it again.
    """
    for owner, name in _holders(deep, carried):
        for function in _functions(type(owner)):
            line = _stores_attribute(function.__code__, name)
            if line:
                return function.__code__, line
    read = set() if used is None else {name for code, _ in used.places for name in code.co_names}
    for code, line in () if made is None else made.places:
        found = _stored_later(code, line, read)
        if found is not None:
            return found
    return None


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
    """Yield the methods of a class, its own before its parents', and constructors last: they keep what is not used yet."""
    classes = [one for one in kind.__mro__ if one.__module__.partition(".")[0] != "torch"]
    methods = [value for one in classes for value in vars(one).values() if inspect.isfunction(value)]
    yield from sorted(methods, key=lambda method: method.__name__ == "__init__")


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


def _stored_later(code: CodeType, made: int, read: Container[str]) -> Place:
    """Return the line of a function that keeps the variable to which a line assigned, in an attribute that is read again.

    Args:
        code: The function.
        made: The line that assigned.
        read: Names of attributes, among others, that are read where the tensor is used again.
    """
    lines = _lines(code)
    names = {one.argval for one in lines.get(made, ()) if one.opname == "STORE_FAST"}
    for line in sorted(lines):
        operations = {one.opname for one in lines[line]}
        loaded = {name for one in lines[line] if one.opname.startswith("LOAD_FAST") for name in _names(one.argval)}
        attributes = {one.argval for one in lines[line] if one.opname in ("STORE_ATTR", "LOAD_ATTR")}
        is_kept = bool(operations & {"STORE_ATTR", "STORE_SUBSCR"}) and any(name in read for name in attributes)
        if line > made and names & loaded and is_kept and _is_bare(lines[line]):
            return code, line
    return None


def _names(value: object) -> tuple[object, ...]:
    return value if isinstance(value, tuple) else (value,)


def _is_bare(instructions: list[dis.Instruction]) -> bool:
    """Return whether a line calls nothing: it keeps the value itself, not `h.detach()`."""
    return not any("CALL" in one.opname for one in instructions)


def _place(made: Node | None, used: Node | None) -> Any:
    """Return the line that made the carried tensor: outside of a forward that only computes with it, if it was used there too."""
    if made is None or not made.places:
        return None
    users = set() if used is None else {place[0] for place in used.places}
    for place in made.places[:-1]:
        is_only_computed = place[0].co_name == "forward" and not _is_kept(*place)
        if place[0] in users and not is_only_computed:
            return place
        if place[0] not in users and not users.intersection(outer[0] for outer in made.places):
            return made.place
    return made.places[-1] if made.places[-1][0] in users else made.place


def _is_kept(code: CodeType, line: int) -> bool:
    """Return whether a line of code stores something in an attribute or an item, where it outlives the call."""
    current = code.co_firstlineno
    for instruction in dis.get_instructions(code):
        number = _line_of(instruction)
        current = number if number is not None else current
        if current == line and instruction.opname in ("STORE_ATTR", "STORE_SUBSCR"):
            return True
    return False


def _line_of(instruction: dis.Instruction) -> int | None:
    """Return the line an instruction begins, whichever way this Python says so."""
    if sys.version_info >= (3, 13):
        return instruction.line_number
    starts: Any = instruction.starts_line
    return starts if isinstance(starts, int) and not isinstance(starts, bool) else None
