"""`module.requires_grad = …`: sets an attribute of the module, and no parameter's."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import torch

from gradprobe.recorder.patches import Patches
from gradprobe.values import Observation
from gradprobe.values.observations import Detail

if TYPE_CHECKING:
    from gradprobe.recorder.recorder import Recorder

WHAT = "requires-grad-on-module"
"""An observation of such an assignment; `parameters` are those of the module."""
_NAME = "requires_grad"


class _Watched:
    """Stands in the class for an attribute that instances keep for themselves, as they would without it."""

    def __init__(self, note: Any) -> None:
        self._note = note

    def __get__(self, module: Any, owner: Any = None) -> Any:
        if module is None or _NAME not in vars(module):
            raise AttributeError(_NAME)
        return vars(module)[_NAME]

    def __set__(self, module: Any, value: Any) -> None:
        vars(module)[_NAME] = value
        self._note(module, value, sys._getframe(1))

    def __delete__(self, module: Any) -> None:
        if _NAME not in vars(module):
            raise AttributeError(_NAME)
        del vars(module)[_NAME]


def install(recorder: Recorder, patches: Patches) -> None:
    """Observe the assignment; modules have no such attribute of their own."""
    if hasattr(torch.nn.Module, _NAME):
        return

    @recorder.guard.guarded
    def note(module: torch.nn.Module, value: object, frame: Any) -> None:
        positions = [recorder.layout.position(parameter) for parameter in module.parameters()]
        names = tuple(recorder.layout.parameters[one].name for one in positions if one is not None)
        detail: dict[str, Detail] = {"module": type(module).__name__, "value": bool(value)}
        recorder.deep.observe(Observation(WHAT, recorder.sites.at(frame), parameters=names, detail=detail))

    watched = _Watched(note)
    setattr(torch.nn.Module, _NAME, watched)
    patches.on_undo(lambda: delattr(torch.nn.Module, _NAME) if vars(torch.nn.Module).get(_NAME) is watched else None)
