"""What a mode does not see: custom functions, arrays that become tensors, the birth of parameters, compiled code."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.nn.modules.module import (
    register_module_module_registration_hook,
    register_module_parameter_registration_hook,
)

from gradprobe.recorder.deep.built_modules import install_built_modules
from gradprobe.recorder.deep.node import Node
from gradprobe.recorder.frames import plain
from gradprobe.recorder.patches import Patches

if TYPE_CHECKING:
    from gradprobe.recorder.deep.deep import Deep


def install_boundaries(deep: Deep, patches: Patches) -> None:
    """Stand at each of them."""
    _functions(deep, patches)
    _arrays(deep, patches)
    _births(deep, patches)
    install_built_modules(deep, patches)
    _compiled(deep, patches)


def _is_looking(deep: Deep) -> bool:
    return deep.tracer.looks and threading.get_ident() == deep.tracer.thread and not torch.compiler.is_compiling()


def _functions(deep: Deep, patches: Patches) -> None:
    """Observe `torch.autograd.Function.apply`: its results come from its arguments, whatever runs within."""
    function: Any = torch.autograd.Function
    original = vars(function)["apply"].__func__

    def apply(cls: Any, *args: Any, **kwargs: Any) -> Any:
        result = original(cls, *args, **kwargs)
        if _is_looking(deep):
            deep.guarded(deep.function_applied)(cls, (*args, *kwargs.values()), result, sys._getframe(1))
        return result

    patches.replace(function, "apply", classmethod(plain(apply)))


def function_applied(deep: Deep, cls: type, args: tuple[Any, ...], result: Any, frame: Any) -> Node | None:
    """Give the results of a custom function their nodes."""
    tracer = deep.tracer
    tensors = [value for value in args if isinstance(value, torch.Tensor)]
    nodes = [tracer.node(tensor) for tensor in tensors]
    outputs = [
        one for one in (result if isinstance(result, (tuple, list)) else (result,)) if isinstance(one, torch.Tensor)
    ]
    inner = [tracer.node_of(output) for output in outputs]
    place = tracer.place(frame)
    is_checkpoint = cls.__name__ == "CheckpointFunction" and cls.__module__ == "torch.utils.checkpoint"
    kind = "checkpoint" if is_checkpoint else "custom-function"
    if is_checkpoint and tracer.checkpointed_at is not None and tracer.sites.is_in_library(frame):
        place = tracer.checkpointed_at  # A library's model that was told to checkpoint: that line is the one to edit.
    node = tracer.made(cls.__name__, kind, (tensors, nodes), outputs, place, in_place=True)
    if node is None or not is_checkpoint:
        return node
    # What a reentrant checkpoint runs with gradients off runs again in backward, with them on.
    within = 0
    for one in inner:
        within |= 0 if one is None else one.bits
    for output in outputs:
        made = tracer.node(output)
        if output.requires_grad:
            made.live |= within
            made.cuts = {number: bits for number, bits in made.cuts.items() if bits & ~within}
        elif within:
            made.cuts = {tracer.cuts.number(kind, place, cls.__name__, place): within}
    return node


def _arrays(deep: Deep, patches: Patches) -> None:
    """Observe `torch.from_numpy`, which no mode is shown."""

    def after(args: tuple[Any, ...], result: Any) -> None:
        if _is_looking(deep) and isinstance(result, torch.Tensor) and args and isinstance(args[0], np.ndarray):
            deep.guarded(deep.array_wrapped)(args[0], result, sys._getframe(2))

    patches.wrap(torch, "from_numpy", before=lambda args, _: args, after=after)


def _births(deep: Deep, patches: Patches) -> None:
    """Observe where parameters are made, and which module registers them."""
    parameter: Any = torch.nn.Parameter
    original: Callable[..., Any] = vars(parameter)["__new__"].__func__

    def __new__(cls: Any, *args: Any, **kwargs: Any) -> Any:
        result = original(cls, *args, **kwargs)
        if _sees_births(deep):
            data = args[0] if args else kwargs.get("data")
            deep.guarded(deep.parameter_made)(result, data, sys._getframe(1))
        return result

    patches.replace(parameter, "__new__", staticmethod(plain(__new__)))

    def registered(module: torch.nn.Module, name: str, value: Any) -> None:
        if value is not None and _sees_births(deep):
            deep.guarded(deep.parameter_registered)(module, name, value, sys._getframe(1))

    def module_registered(module: torch.nn.Module, name: str, value: Any) -> None:
        if value is not None and _sees_births(deep):
            deep.guarded(deep.books.module_registered)(module, name, value, sys._getframe(1))

    patches.hook(register_module_parameter_registration_hook, registered)
    patches.hook(register_module_module_registration_hook, module_registered)


def _sees_births(deep: Deep) -> bool:
    """Return whether the birth of a parameter is noted: also where operations are not looked at, for births are few."""
    is_here = threading.get_ident() == deep.tracer.thread and not torch.compiler.is_compiling()
    return is_here and (deep.tracer.looks or deep.books.may_note_birth())


def _compiled(deep: Deep, patches: Patches) -> None:
    """Step aside while compiled code runs: a mode on the stack would be compiled in, and cause recompilation when it goes.

    `torch._dynamo` sets its frame evaluation just before it calls what was compiled, and takes it back after. Ours must
    be gone before the one, and may only come back after the other.
    """

    def watch(eval_frame: Any) -> None:
        original = eval_frame._maybe_set_eval_frame

        def _maybe_set_eval_frame(callback: Any) -> Any:
            if threading.get_ident() != deep.tracer.thread:
                return original(callback)
            caller = id(sys._getframe(1))
            if callable(callback):
                deep.step_aside(caller)
                return original(callback)
            result = original(callback)
            deep.step_back(caller)
            return result

        patches.replace(eval_frame, "_maybe_set_eval_frame", plain(_maybe_set_eval_frame))

    from gradprobe.imports import after_import

    def arrived() -> None:
        eval_frame = sys.modules.get("torch._dynamo.eval_frame")
        if eval_frame is not None and hasattr(eval_frame, "_maybe_set_eval_frame"):
            watch(eval_frame)
        else:
            deep.give_up_looking()

    patches.on_undo(after_import("torch._dynamo", arrived))
