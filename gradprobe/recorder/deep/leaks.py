"""A grad mode that was left off while the script goes on as if it trained: it clears gradients, and none ever come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import torch

from gradprobe.values import Observation, RelatedSite
from gradprobe.values.observations import Detail

if TYPE_CHECKING:
    from gradprobe.recorder.deep.deep import Deep
    from gradprobe.recorder.deep.grad_modes import Entry
    from gradprobe.values import Site

WHAT: Final = "trains-without-gradients"
"""An observation of a call that turned gradients off, after which gradients were cleared again and again and no backward followed.

`detail`: `kind`, `step` (when they were turned off), `cleared` (how often). The related site is where gradients are cleared.
"""


class Leaks:
    """Counts how often gradients are cleared under one and the same call that turned them off."""

    def __init__(self, deep: Deep) -> None:
        self._deep = deep
        self._entry: Entry | None = None
        self._cleared = 0
        self._backwards = 0

    def cleared(self, site: Site) -> None:
        """Note that gradients are about to be cleared."""
        if torch.is_grad_enabled():
            return
        entry, backwards = self._deep.tracer.modes.in_force(), self._deep.scaling.backwards
        if entry is None or not entry.is_call or entry.library:
            return
        if entry is not self._entry or backwards != self._backwards:
            self._entry, self._cleared, self._backwards = entry, 0, backwards
        self._cleared += 1
        if self._cleared & (self._cleared - 1) == 0:  # At 1, 2, 4, 8, …
            detail: dict[str, Detail] = {"kind": entry.kind, "step": entry.step, "cleared": self._cleared}
            related = (RelatedSite(site, "gradients cleared here"),)
            self._deep.observe(Observation(WHAT, self._deep.site(entry.place), related, detail=detail))
