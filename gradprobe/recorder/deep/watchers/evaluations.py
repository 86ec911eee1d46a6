"""Layers that compute in evaluation mode while gradients are turned off, or in training mode while they are on."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

import torch

from gradprobe.recorder.deep.watching import Watcher

if TYPE_CHECKING:
    from types import FrameType

    from gradprobe.recorder.deep.tracer import Seen, Tracer

_MODAL: Final = frozenset(
    {"dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_alpha_dropout", "batch_norm"}
)
_AT: Final = {"batch_norm": 5}
"""Where `training` stands among the arguments, if it is not the third."""
_FARTHEST: Final = 16
"""Frames up to the module whose forward it is."""


def after(tracer: Tracer, seen: Seen) -> None:
    """Tell whose layer evaluated or trained, where somebody wants to know."""
    told = tracer.deep.on_mode
    training = seen.argument(_AT.get(seen.operation.name, 2), "training")
    if told is None or training is not bool(seen.grad_enabled):
        return
    frame: FrameType | None = sys._getframe(1)
    for _ in range(_FARTHEST):
        if frame is None:
            return
        module = frame.f_locals.get("self") if frame.f_code.co_name == "forward" else None
        if isinstance(module, torch.nn.Module):
            told(module, training)
            return
        frame = frame.f_back


WATCHER: Final = Watcher(operations=_MODAL, after=after)
