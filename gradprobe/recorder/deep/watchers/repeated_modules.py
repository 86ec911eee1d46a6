"""One module that stands several times in a list and is given the same input each time: copies were meant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import torch

from gradprobe.recorder.deep.watching import Watcher
from gradprobe.values import Observation

if TYPE_CHECKING:
    from gradprobe.recorder.deep.tracer import Seen, Tracer

WHAT: Final = "repeated-module"
"""An observation of a list that holds one module several times, which computed the same thing several times; `times` in a step."""
_LAYERS: Final = frozenset({"linear", "conv1d", "conv2d", "conv3d", "bilinear", "embedding", "conv_transpose2d"})


class Repeated:
    """Remembers which weight was applied to what in the newest step."""

    def __init__(self) -> None:
        self._step = -1
        self._applied: dict[tuple[int, int], int] = {}

    def after(self, tracer: Tracer, seen: Seen) -> None:
        """Look at a layer."""
        repeated = tracer.deep.books.repeated
        if not repeated or not torch.is_grad_enabled():
            return
        if tracer.step != self._step:
            self._step, self._applied = tracer.step, {}
        bits = [node.leaf for node in seen.nodes if node.leaf]
        inputs = [node.sequence for node in seen.nodes if not node.leaf]
        if not bits or not inputs:
            return
        number = bits[0].bit_length() - 1
        key = (number, inputs[0])
        self._applied[key] = self._applied.get(key, 0) + 1
        place = repeated.get(number)
        if self._applied[key] > 1 and place is not None:
            names = (tracer.deep.name_of(number),)
            detail = {"times": self._applied[key]}
            tracer.deep.observe(Observation(WHAT, tracer.deep.site(place), (), names, detail))


def watcher() -> Watcher:
    """Return a watcher with a memory of its own."""
    return Watcher(_LAYERS, after=Repeated().after)
