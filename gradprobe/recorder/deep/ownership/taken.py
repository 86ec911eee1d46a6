"""Gradients of owned leaves that the script takes for itself: read and made use of, not only measured, before they are cleared."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Final

import torch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradprobe.recorder.ledger import Entry, Ledger

MOST: Final = 4096
"""Gradients, and what was made of them, that are followed at a time."""


class Taken:
    """Follows what the script has read, until a step uses it up. Keeps no tensor alive.

    Attributes:
        ledger: The books of gradients, which learn of it.
    """

    def __init__(self) -> None:
        self.ledger: Ledger | None = None
        self._followed: dict[int, tuple[weakref.ref[torch.Tensor], tuple[Entry, ...]]] = {}

    def __bool__(self) -> bool:
        return bool(self._followed)

    def read(self, tensor: torch.Tensor) -> None:
        """Note that code outside of torch reads the gradient of a leaf."""
        gradient = tensor.grad
        if self.ledger is None or gradient is None:
            return
        entries = self.ledger.unused(tensor)
        if entries:
            for entry in entries:
                entry.is_read = True
            self.follow(gradient, entries)

    def follow(self, value: object, entries: Sequence[Entry]) -> None:
        """Follow what stands for a gradient that was read."""
        if isinstance(value, torch.Tensor) and len(self._followed) < MOST:
            self._followed[id(value)] = (weakref.ref(value), tuple(entries))

    def entries(self, tensor: object) -> tuple[Entry, ...]:
        """Return whose gradients are in a tensor."""
        reference, entries = self._followed.get(id(tensor), (None, ()))
        return entries if reference is not None and reference() is tensor else ()

    def use(self, tensor: object) -> None:
        """Note that the script makes use of a tensor."""
        for entry in self.entries(tensor):
            entry.is_taken = True

    def step_ended(self) -> None:
        """Forget what was followed."""
        self._followed.clear()
