"""Modules and parameters by the names the user gave them: the variables of the frames that train them.

Modules are not looked for through the garbage collector, which touches deprecated and dead objects of torch.
"""

from __future__ import annotations

import dis
import functools
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from inspect import CO_OPTIMIZED
from types import CodeType, FrameType, ModuleType
from typing import Final, TypeAlias, TypeGuard

import torch

from gradprobe.recorder.sites import Sites

Root: TypeAlias = "torch.nn.Module | torch.Tensor"

MOST_ITEMS: Final = 256
"""Items of a list or dict of the user's that are looked at."""
_ASK_FOR_LOCALS: Final = frozenset({"locals", "vars", "dir", "eval", "exec"})
_BUILTINS: Final = frozenset({"builtins", "@py_builtins"})
_CONTAINERS: Final = (torch.nn.ModuleList, torch.nn.ModuleDict, torch.nn.ParameterList, torch.nn.ParameterDict)


@dataclass(slots=True)
class Named:
    """An object of the user's that holds parameters, and the names it goes by, best first."""

    root: Root
    names: list[str] = field(default_factory=list)


def find_named(frame: FrameType | None, sites: Sites) -> list[Named]:
    """Return the modules and bare parameters that the frames of the user's code hold, by their names there.

    A variable or an item of one goes before an attribute, and an outer frame's name before an inner one's: a helper that
    trains whatever it is given (`def step(model, optimizer)`) calls everything `model`. Within a frame, what was assigned
    first goes first: the list before the variable of the loop over it. A module that is part of another one found is not
    listed on its own. Where the user's frames hold none, a library's are asked.
    """
    frames = list(_frames(frame))[::-1]
    users = [frame for frame in frames if sites.is_user_file(frame.f_code.co_filename)]
    return _without_parts(_gather(users)) or _without_parts(_gather(frames))


@contextmanager
def scope_of(frame: FrameType) -> Iterator[Mapping[str, object]]:
    """Give a frame's variables, without keeping them alive.

    Before Python 3.13 a function's `f_locals` is a snapshot that the frame keeps: it would hold a tensor after the script's
    `del`, and is therefore emptied. It is the very dict that `locals()` gives the script, so a function that asks for
    it is not looked into.
    """
    is_snapshot = sys.version_info < (3, 13) and bool(frame.f_code.co_flags & CO_OPTIMIZED)
    if is_snapshot and _asks_for_locals(frame.f_code):
        yield {}
        return
    scope = frame.f_locals
    try:
        yield scope
    finally:
        if is_snapshot:
            scope.clear()


def _asks_for_locals(code: CodeType) -> bool:
    """Return whether a function calls `locals()` or its like: `model.eval()` is another function of that name.

    `builtins.locals()` is not, and pytest puts it into every function with an `assert`, by a name of its own.
    """
    if _ASK_FOR_LOCALS.isdisjoint(code.co_names):
        return False
    return not _BUILTINS.isdisjoint(code.co_names) or _loads(code)


@functools.lru_cache(maxsize=1024)
def _loads(code: CodeType) -> bool:
    return any(
        one.opname in ("LOAD_GLOBAL", "LOAD_NAME") and one.argval in _ASK_FOR_LOCALS
        for one in dis.get_instructions(code)
    )


def variable_of(value: object, frame: FrameType | None) -> str | None:
    """Return the name of the variable in a frame that holds a value."""
    if frame is None:
        return None
    with scope_of(frame) as scope:
        return next((name for name, held in list(scope.items()) if held is value and not _is_passing(name)), None)


def unwrap(module: torch.nn.Module) -> torch.nn.Module:
    """Return the user's module inside the wrappers of torch: `torch.compile`, DataParallel, DistributedDataParallel."""
    for _ in range(8):
        kind = type(module).__name__
        if kind == "OptimizedModule":
            inner = getattr(module, "_orig_mod", None)
        elif kind in ("DistributedDataParallel", "DataParallel"):
            inner = getattr(module, "module", None)
        else:
            return module
        if not isinstance(inner, torch.nn.Module):
            return module
        module = inner
    return module


def _gather(frames: list[FrameType]) -> dict[int, Named]:
    candidates: list[tuple[int, str, Root]] = []
    for frame in frames:
        with scope_of(frame) as scope:
            for name, value in list(scope.items()):
                candidates += _roots(name, value)
    found: dict[int, Named] = {}
    for _, name, root in sorted(candidates, key=lambda candidate: candidate[0]):
        entry = found.setdefault(id(root), Named(root))
        if name and name not in entry.names:
            entry.names.append(name)
    return found


def _frames(frame: FrameType | None) -> Iterator[FrameType]:
    """Yield the frames from the innermost outward."""
    while frame is not None:
        yield frame
        frame = frame.f_back


def _roots(name: str, value: object) -> Iterator[tuple[int, str, Root]]:
    """Yield (how far away, name, root) for a variable: the value or its items, then its attributes and their items."""
    if _is_passing(name) or isinstance(value, (ModuleType, type)):
        return
    if name == "self":
        if _is_module(value):
            yield 3, "", value
            return
        for attribute, inner in _attributes(value):
            yield from ((1, found, root) for found, root in _held(attribute, inner))
        return
    yield from ((0, found, root) for found, root in _held(name, value))
    if not _is_module(value) and not isinstance(value, (torch.Tensor, list, tuple, dict)):
        for attribute, inner in _attributes(value):
            yield from ((2, found, root) for found, root in _held(f"{name}.{attribute}", inner))


def _held(name: str, value: object) -> Iterator[tuple[str, Root]]:
    """Yield (name, root) for a value and, where it is a list, tuple or dict, for its items."""
    if _is_module(value):
        if isinstance(value, _CONTAINERS):
            for key, child in value._modules.items():
                if child is not None:
                    yield f"{name}.{key}", unwrap(child)
            for key, parameter in value._parameters.items():
                if parameter is not None:
                    yield f"{name}.{key}", parameter
        else:
            yield name, unwrap(value)
    elif _is_parameter(value):
        yield name, value
    elif type(value) in (list, tuple, dict):
        items = value.items() if isinstance(value, dict) else enumerate(value)  # type: ignore[arg-type]
        for _, (key, item) in zip(range(MOST_ITEMS), items, strict=False):
            if _is_module(item) and not isinstance(item, _CONTAINERS):
                yield f"{name}.{key}", unwrap(item)
            elif _is_parameter(item):
                yield f"{name}.{key}", item


def _is_passing(name: str) -> bool:
    """Return whether a name is one that interpreters and notebooks give to passing values: `_`, `_12`, `__main__`, `Out`."""
    return name.startswith("__") or name in ("In", "Out") or not name.strip("_0123456789")


def _attributes(value: object) -> list[tuple[str, object]]:
    """Return an object's own attributes without running any code of its class."""
    if type(value).__module__ == "builtins":
        return []
    try:
        attributes: Mapping[str, object] = object.__getattribute__(value, "__dict__")
        return [
            (name, inner)
            for name, inner in list(attributes.items())
            if isinstance(name, str) and not name.startswith("__")
        ]
    except Exception:
        return []


def _is_module(value: object) -> TypeGuard[torch.nn.Module]:
    """Return whether a value is a module, without asking the value itself (a proxy might run code)."""
    return issubclass(type(value), torch.nn.Module)


def _is_parameter(value: object) -> TypeGuard[torch.Tensor]:
    """Return whether a value is a leaf that can be trained; asks nothing of subclasses that might run code."""
    kind = type(value)
    if kind is torch.nn.Parameter:
        return True
    return kind is torch.Tensor and value.requires_grad and value.is_leaf  # type: ignore[attr-defined]


def _without_parts(found: dict[int, Named]) -> list[Named]:
    parts: set[int] = set()
    for named in found.values():
        if isinstance(named.root, torch.nn.Module):
            modules = [module for module in named.root.modules() if module is not named.root]
            parts.update(map(id, modules))
            parts.update(id(parameter) for parameter in named.root.parameters())
    return [named for key, named in found.items() if key not in parts]
