"""DistributedDataParallel wrappers: when their forward runs, and what their parameters are used by when it does not."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any, Final

import torch

from gradprobe.recorder.deep.node import positions_of

if TYPE_CHECKING:
    from types import FrameType

    from gradprobe.recorder.deep.deep import Deep
    from gradprobe.values import Site

BYPASSED: Final = "wrapper-bypassed"
"""An observation of a backward that reaches a wrapped model whose wrapper's forward had not run since the backward before.

It stands at the line that calls the model within, or the backward where that was not seen. `detail`: `module` (class of the model).
"""
WRAPPED: Final = "model-wrapped"
"""An observation of a wrapper, at the line that makes it. `detail`: `module` (class of the model)."""
CALLED: Final = "wrapper-called"
"""An observation of a wrapper's forward, at the line that calls it."""
MOVED: Final = "moved-within-wrapper"
"""An observation of a wrapped model that was converted or moved after it had been wrapped, at the line that does it.

`detail`: `replaced` (whether its parameters are other tensors, or of other types or devices, since).
"""
UNSYNCED: Final = "never-synchronised"
"""An observation of an optimizer's step whose gradients were all made within `no_sync()`, at the line that calls that."""
HOOKED: Final = "wrapper-hooked"
"""An observation of a wrapper that was given a hook of its own for averaging, at that line."""


class Wrapper:
    """A wrapper. Holds no module.

    Attributes:
        reference: The wrapper.
        built: Where it was made.
        forwards: How often its forward has run with gradients since the newest backward that was seen to reach its parameters.
        forwards_of_step: The same since the newest step of an optimizer.
        synced: How many of these were to have their gradients averaged.
        no_sync_at: The line that told it last not to average; None while none has.
        is_inside: Whether its forward runs now.
        used_at: The line that uses its parameters outside of its forward, since then.
    """

    __slots__ = ("built", "forwards", "forwards_of_step", "is_inside", "no_sync_at", "reference", "synced", "used_at")

    def __init__(self, wrapper: torch.nn.Module, built: Site) -> None:
        self.reference = weakref.ref(wrapper)
        self.built = built
        self.forwards = 0
        self.forwards_of_step = 0
        self.synced = 0
        self.no_sync_at: Site | None = None
        self.is_inside = False
        self.used_at: Site | None = None


class Wrappers:
    """The wrappers of a recording.

    Attributes:
        awaited: Bits of the parameters whose next use in a deep step is looked at.
    """

    def __init__(self) -> None:
        self._all: weakref.WeakKeyDictionary[torch.nn.Module, Wrapper] = weakref.WeakKeyDictionary()
        self._bits: dict[int, weakref.ref[torch.nn.Module]] = {}
        self.awaited = 0

    def __bool__(self) -> bool:
        """Return whether there is any."""
        return bool(self._all)

    def living(self) -> list[tuple[Any, Wrapper]]:
        """Return the wrappers that are alive, with what is known of them."""
        return list(self._all.items())

    def of(self, wrapper: torch.nn.Module) -> Wrapper | None:
        """Return what is known of a wrapper."""
        return self._all.get(wrapper)

    def holds(self, module: torch.nn.Module) -> bool:
        """Return whether a module is a wrapper, or what one wraps."""
        return any(module is wrapper or module is wrapper.module for wrapper, _ in self.living())

    def made(self, wrapper: torch.nn.Module, built: Site) -> None:
        """Note a new wrapper."""
        self._all[wrapper] = Wrapper(wrapper, built)

    def await_uses(self, deep: Deep) -> None:
        """Have the next use of each wrapped parameter looked at."""
        self.awaited = 0
        for wrapper, _ in self.living():
            for parameter in parameters_of(wrapper):
                leaf = deep.tracer.leaves.of(parameter)
                if not deep.tracer.leaves.is_shared(leaf.number):
                    self.awaited |= 1 << leaf.number
                    self._bits[leaf.number] = weakref.ref(wrapper)

    def used(self, deep: Deep, bits: int, frame: FrameType | None) -> None:
        """Note a use of wrapped parameters, for something that a gradient comes back from, and await no more of that wrapper."""
        for number in positions_of(bits & self.awaited):
            reference = self._bits.get(number)
            wrapper = None if reference is None else reference()
            known = None if wrapper is None else self.of(wrapper)
            if wrapper is None or known is None:
                self.awaited &= ~(1 << number)
                continue
            if not known.is_inside and known.used_at is None:
                known.used_at = deep.site(deep.tracer.place(_caller_of(wrapper, frame) or frame))
            for parameter in parameters_of(wrapper):
                leaf = deep.tracer.leaves.known(parameter)
                if leaf is not None:
                    self.awaited &= ~(1 << leaf.number)


def parameters_of(wrapper: Any) -> list[torch.Tensor]:
    """Return the parameters that a wrapper keeps alike on all ranks."""
    ignored = getattr(wrapper, "parameters_to_ignore", ())
    return [one for name, one in wrapper.module.named_parameters() if one.requires_grad and name not in ignored]


def _caller_of(wrapper: Any, frame: FrameType | None) -> FrameType | None:
    """Return the frame that calls the wrapped model, or the outermost part of it that is called, from a frame outward."""
    parts = {id(one) for one in wrapper.module.modules()}
    found = None
    while frame is not None:
        if frame.f_code.co_name == "_call_impl" and id(frame.f_locals.get("self")) in parts:
            found = frame.f_back
        frame = frame.f_back
    return found
