"""The losses that are backpropagated: their names, and what they were before a gradient scaler scaled them."""

from __future__ import annotations

import weakref
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, Final

import torch

from gradprobe.recorder.naming import variable_of
from gradprobe.values import Site

MOST_NODES: Final = 32
"""Nodes of a loss's graph that are looked at for a scaler's mark."""
_IS_SCALED: Final = "gradprobe-scaled"


@dataclass(frozen=True, slots=True)
class Loss:
    """What a backward starts from.

    Attributes:
        name: The user's variable where it has one; with the line added where several losses go by it.
        tensor: The loss as the user made it, unscaled; None where it is no tensor.
        scaled: Whether a gradient scaler had scaled it.
    """

    name: str
    tensor: torch.Tensor | None
    scaled: bool


@dataclass(frozen=True, slots=True)
class _Scaled:
    result: weakref.ref[torch.Tensor]
    original: weakref.ref[torch.Tensor]
    value: torch.Tensor


def _is_scaled(root: Any) -> bool:
    """Return whether a loss was put together from scaled ones: by a graph's nodes, the last few of them."""
    queue = [] if root is None else [root]
    for node in queue:
        if _IS_SCALED in node.metadata:
            return True
        if len(queue) < MOST_NODES:
            queue += [following for following, _ in node.next_functions if following is not None]
    return False


class Losses:
    """Remembers the names of losses by where they are backpropagated, and the newest scaled ones, without their graphs."""

    def __init__(self) -> None:
        self._names: dict[Site, str] = {}
        self._scaled: deque[_Scaled] = deque(maxlen=4)

    def scaled(self, loss: torch.Tensor, result: torch.Tensor) -> None:
        """Note that a gradient scaler made `result` of a loss."""
        if result.grad_fn is not None:
            metadata: dict[Any, Any] = result.grad_fn.metadata  # type: ignore[assignment]
            metadata[_IS_SCALED] = True
        if loss.numel() == 1:
            self._scaled.append(_Scaled(weakref.ref(result), weakref.ref(loss), loss.detach()))

    def of(self, root: object, site: Site, frame: FrameType | None) -> Loss:
        """Return the loss behind a backward call.

        Args:
            root: What backward was called on.
            site: Where.
            frame: The user's frame there.
        """
        for scaled in self._scaled:
            if scaled.result() is root:
                return Loss(self._name(scaled.original(), site, frame), scaled.value, scaled=True)
        is_scaled = bool(self._scaled) and isinstance(root, torch.Tensor) and _is_scaled(root.grad_fn)
        tensor = root if isinstance(root, torch.Tensor) else None
        return Loss(self._name(root, site, frame), tensor, scaled=is_scaled)

    def _name(self, loss: object, site: Site, frame: FrameType | None) -> str:
        name = self._names.get(site)
        if name is None:
            name = (variable_of(loss, frame) if loss is not None else None) or "loss"
            if name in self._names.values():
                name = f"{name} ({Path(site.file).name}:{site.line})"
            self._names[site] = name
        return name
