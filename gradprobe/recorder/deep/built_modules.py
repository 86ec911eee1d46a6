"""Where the activations of torch that make probabilities were built: the line of `nn.Softmax(dim=1)` in a `Sequential`."""

from __future__ import annotations

import functools
import sys
import threading
from types import FrameType
from typing import TYPE_CHECKING, Any, Final

import torch
from torch import nn

from gradprobe.recorder.weak_map import WeakMap

if TYPE_CHECKING:
    from gradprobe.recorder.deep.deep import Deep
    from gradprobe.recorder.deep.node import Node, Place
    from gradprobe.recorder.deep.tracer import Tracer
    from gradprobe.recorder.patches import Patches

KINDS: Final[tuple[type[nn.Module], ...]] = (
    *(nn.Softmax, nn.Softmax2d, nn.LogSoftmax, nn.Sigmoid, nn.LogSigmoid, nn.Hardsigmoid),
)


class BuiltModules:
    """Remembers where modules were built, and which made what. Keeps none of them alive."""

    def __init__(self) -> None:
        self._places: WeakMap[nn.Module, Place] = WeakMap()
        self._made: WeakMap[Node, Place] = WeakMap()

    def built(self, module: nn.Module, place: Place) -> None:
        """Note that a module was built."""
        self._places.set(module, place)

    def made(self, tracer: Tracer, node: Node, frame: FrameType | None) -> None:
        """Note which module made a node, if one did that the user's code does not call itself.

        Args:
            tracer: Who saw it.
            node: What it made.
            frame: A frame within the operation.
        """
        module: nn.Module | None = None
        while frame is not None and not tracer.sites.is_user_file(frame.f_code.co_filename):
            if frame.f_code.co_name == "forward":
                owner = frame.f_locals.get("self")
                if module is not None:  # Called by another module of a library: a Sequential.
                    self._made.set(node, self._places.get(module))
                    return
                if not isinstance(owner, KINDS):
                    return
                module = owner
            frame = frame.f_back

    def is_within(self, node: Node) -> bool:
        """Return whether a library's module called the module that made a node."""
        return node in self._made

    def built_at(self, node: Node) -> Place:
        """Return where the module was built that made a node; None where that is not known."""
        return self._made.get(node)


def install_built_modules(deep: Deep, patches: Patches) -> None:
    """Observe where these modules are built."""

    def note(module: nn.Module, frame: FrameType) -> None:
        deep.built_modules.built(module, deep.tracer.place(frame))

    guarded = deep.guarded(note)
    for kind in KINDS:
        _observe(kind, guarded, deep, patches)


def _observe(kind: Any, note: Any, deep: Deep, patches: Patches) -> None:
    is_own = "__init__" in vars(kind)
    original = kind.__init__

    @functools.wraps(original)
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        if deep.tracer.looks and threading.get_ident() == deep.tracer.thread and not torch.compiler.is_compiling():
            note(self, sys._getframe(1))

    kind.__init__ = __init__

    def put_back() -> None:
        if vars(kind).get("__init__") is not __init__:
            return
        if is_own:
            kind.__init__ = original
        else:
            del kind.__init__

    patches.on_undo(put_back)
