"""How large the values of parameters are as a loss first meets them: one number each, that nobody waits for."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import torch

from gradprobe.recorder.deep.node import positions_of
from gradprobe.recorder.deep.ownership.elements import is_plain
from gradprobe.recorder.deep.ownership.sending import Sending
from gradprobe.recorder.deep.watching import Watcher
from gradprobe.recorder.gradients import device_norms, host_norm
from gradprobe.recorder.transfer import on_host

if TYPE_CHECKING:
    from gradprobe.recorder.deep.leaves import Leaf
    from gradprobe.recorder.deep.node import Node
    from gradprobe.recorder.deep.tracer import Tracer
    from gradprobe.values import Site

_FAST: Final = (torch.float32, torch.float64)


class Scales:
    """Measures leaves: each once, and again while it is all zeros."""

    def __init__(self) -> None:
        self._sending = Sending()
        self._asked: set[int] = set()

    def backward(self, tracer: Tracer, root: torch.Tensor, node: Node, site: Site) -> None:
        """Measure the leaves that a loss reaches and that were not measured yet."""
        self._settle()
        elsewhere: dict[tuple[torch.device, torch.dtype], list[tuple[Leaf, torch.Tensor]]] = {}
        for number in positions_of(node.live):
            leaf = tracer.leaves.at(number)
            tensor = leaf.reference()
            if leaf.scale > 0 or tensor is None or not is_plain(tensor) or not tensor.is_floating_point():
                continue
            if tensor.dtype in _FAST and on_host(tensor):
                leaf.scale = _finite(host_norm(tensor) / math.sqrt(tensor.numel()))
            elif number not in self._asked and not _is_captured(tensor):
                self._asked.add(number)
                elsewhere.setdefault((tensor.device, tensor.dtype), []).append((leaf, tensor))
        for found in elsewhere.values():
            # The mode may stand on the stack: it would see these.
            with torch.no_grad(), torch._C.DisableTorchFunction():
                norms = device_norms([tensor.detach() for _, tensor in found])
                sizes = [tensor.numel() for _, tensor in found]
                self._sending.send(norms, functools.partial(_receive, [leaf for leaf, _ in found], sizes))
        self._settle()

    def _settle(self) -> None:
        try:
            self._sending.settle()
        except RuntimeError:  # The device has failed; what was read before stays.
            self._sending.give_up()


def _receive(leaves: Sequence[Leaf], sizes: Sequence[int], norms: Sequence[float]) -> None:
    for leaf, size, norm in zip(leaves, sizes, norms, strict=True):
        leaf.scale = _finite(norm / math.sqrt(size))


def _finite(scale: float) -> float:
    """Return a scale that is a number, -1 where it is not finite."""
    return scale if math.isfinite(scale) else -1.0


def _is_captured(tensor: torch.Tensor) -> bool:
    return tensor.is_cuda and torch.cuda.is_current_stream_capturing()


def watcher() -> Watcher:
    """Return a watcher with a memory of its own."""
    return Watcher(backward=Scales().backward)
