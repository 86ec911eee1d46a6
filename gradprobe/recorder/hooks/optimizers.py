"""The step of every optimizer, by torch's own global hooks, and where optimizers are built."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable
from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any

import torch
from torch.optim.optimizer import register_optimizer_step_post_hook, register_optimizer_step_pre_hook

from gradprobe.recorder.importlib_bootstrap import around
from gradprobe.recorder.patches import Arguments, Keywords, Patches, nothing

if TYPE_CHECKING:
    from gradprobe.recorder.recorder import Recorder


def install(recorder: Recorder, patches: Patches) -> None:
    """Observe optimizers."""

    @recorder.guard.guarded
    def begin(optimizer: torch.optim.Optimizer, closure: bool) -> None:
        recorder.optimizer_begins(optimizer, sys._getframe(1), closure)

    closure_begins = recorder.guard.guarded(recorder.closure_begins)
    closure_ended = recorder.guard.guarded(recorder.closure_ended)

    def observed(optimizer: torch.optim.Optimizer, closure: Callable[[], Any]) -> Callable[[], Any]:
        """Return a closure that says when it begins and when it has ended: what it does is training, not the optimizer's own."""
        return around(
            closure,
            lambda args, kwargs: closure_begins(),
            lambda token, result: closure_ended(optimizer),
            nothing,
        )

    def before_step(
        optimizer: torch.optim.Optimizer, args: Arguments, kwargs: Keywords
    ) -> tuple[Arguments, Keywords] | None:
        if torch.compiler.is_compiling():
            return None
        recorder.stop_if_due(optimizer=optimizer)
        is_positional = len(args) > 1
        closure = args[1] if is_positional else kwargs.get("closure")
        begin(optimizer, callable(closure))
        if not recorder.guard.active or not _is_closure(optimizer, closure, is_positional):
            return None
        replaced = observed(optimizer, closure)  # type: ignore[arg-type]  # `_is_closure` says that it can be called.
        if is_positional:
            return (args[0], replaced, *args[2:]), kwargs
        return args, {**kwargs, "closure": replaced}

    @recorder.guard.guarded
    def end(optimizer: torch.optim.Optimizer) -> None:
        recorder.optimizer_ended(optimizer, recorder.site())

    def after_step(optimizer: torch.optim.Optimizer, args: Arguments, kwargs: Keywords) -> None:
        if not torch.compiler.is_compiling():
            end(optimizer)

    @recorder.guard.guarded
    def built(args: Arguments, _: None) -> None:
        recorder.built[args[0]] = recorder.site()
        recorder.deep.optimizer_built(args[0])

    patches.hook(register_optimizer_step_pre_hook, before_step)
    patches.hook(register_optimizer_step_post_hook, after_step)
    patches.wrap(torch.optim.Optimizer, "__init__", before=lambda args, _: args, after=built)


def _is_closure(optimizer: torch.optim.Optimizer, given: object, is_positional: bool) -> bool:
    """Return whether what a step was given is a plain function that it calls, and no object that it may use otherwise."""
    if not isinstance(given, (FunctionType, MethodType, functools.partial)):
        return False
    return not is_positional or _first_parameter(type(optimizer).step) == "closure"


@functools.lru_cache(maxsize=256)
def _first_parameter(step: Callable[..., Any]) -> str:
    """Return the name of the first parameter of an optimizer's step; nothing where it cannot be known."""
    try:
        names = list(inspect.signature(step).parameters)
    except (TypeError, ValueError):
        return ""
    return names[1] if len(names) > 1 else ""
