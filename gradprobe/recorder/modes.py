"""Modules that were put in evaluation mode after they had been trained, and backwards that go through them since.

Keeps nothing alive, and reads a handful of flags and version counters at each backward; nothing is read from a device.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import torch
from torch import nn

from gradprobe.recorder.layout import Layout
from gradprobe.values import Observation, RelatedSite, Site

WHAT: Final = "eval-left-on"
"""An observation of backwards through a module in evaluation mode that the same backward call had trained before."""
MOST_LAYERS: Final = 8
MOST_PARAMETERS: Final = 4
MOST_TRAINING: Final = 4096
"""Layers that computed in training mode, of one step."""
MOST_SWITCHES: Final = 32
"""Switched modules that are looked at, at the most."""
_DROPOUT: Final = nn.modules.dropout._DropoutNd
_BATCH_NORM: Final = nn.modules.batchnorm._BatchNorm


@dataclass(slots=True, eq=False)
class Switch:
    """A call that put a module in evaluation mode, and that nothing has undone so far.

    Attributes:
        site: Where it was called.
        module: The module.
        layers: Some of the layers in it to which the mode makes a difference.
        parameters: Some of its parameters that are trained.
        trained_at: Backward calls that had trained it before.
        step: Steps that had been taken when it was called.
        names: Names of its parameters.
        kinds: Classes of the layers.
        type: Class of the module.
        backwards: How many backwards have gone through it since whose gradients were used, by where they were called.
        waiting: Those whose gradients have not been used yet: an attack throws them away.
        last_step: Step of the newest that used some.
        is_early: Whether it was called before any backward.
        is_used: Whether one of the layers has computed in that mode since, without gradients: an evaluation.
        is_mixed: Whether one of them computed in training mode in a step that was backpropagated since.
    """

    site: Site
    module: weakref.ref[nn.Module]
    layers: list[weakref.ref[nn.Module]]
    parameters: list[weakref.ref[torch.Tensor]]
    trained_at: frozenset[Site]
    step: int
    names: tuple[str, ...]
    kinds: str
    type: str
    backwards: dict[Site, int] = field(default_factory=dict)
    waiting: dict[Site, int] = field(default_factory=dict)
    last_step: int = 0
    is_early: bool = False
    is_used: bool = False
    is_mixed: bool = False

    @property
    def was_for_evaluation(self) -> bool:
        """Whether all that deep steps saw computed in that mode was an evaluation, and then what was backpropagated."""
        return self.is_used and not self.is_mixed

    def is_on(self) -> bool:
        """Return whether some of the layers is still in evaluation mode."""
        return any(layer is not None and not layer.training for layer in (one() for one in self.layers))

    def look(self) -> list[tuple[int, int]]:
        """Return what the gradients look like: which tensor, at which version."""
        found = []
        for reference in self.parameters:
            parameter = reference()
            gradient = None if parameter is None else parameter.grad
            found.append((-1, -1) if gradient is None else (id(gradient), gradient._version))
        return found


class Modes:
    """The modes of modules."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._switches: list[Switch] = []
        self._told: dict[Site, Switch] = {}
        self._calls: dict[Site, int] = {}
        self._undone: dict[Site, dict[Site, int]] = {}
        self._in_training: set[int] = set()
        self._sites: set[Site] = set()
        self._first_in_evaluation: weakref.WeakKeyDictionary[nn.Module, set[Site]] = weakref.WeakKeyDictionary()
        self._before: list[list[tuple[int, int]]] = []

    def evaluates(self, module: nn.Module, site: Site, step: int, *, by_user: bool) -> None:
        """Note that a module is about to be put in evaluation mode.

        Args:
            module: The module.
            site: Where.
            step: Steps that have been taken.
            by_user: Whether the user's own code says so, and not a library on its behalf: one that loads a model, for instance.
        """
        if isinstance(module, (_DROPOUT, _BATCH_NORM)) or not (self._sites or by_user):
            return  # This very layer is meant; or a library hands a model over in that mode.
        if len(self._calls) < 256 or site in self._calls:
            self._calls[site] = self._calls.get(site, 0) + 1
        self.settle()
        layers = [layer for layer in module.modules() if layer.training and depends_on_mode(layer)]
        own = self._owned(module) if self._sites else (("", one) for one in module.parameters())
        trained = [(name, one) for name, one in own if one.requires_grad]
        if not layers or not trained or len(self._switches) >= MOST_SWITCHES:
            return
        every, each = max(1, len(layers) // MOST_LAYERS), max(1, len(trained) // MOST_PARAMETERS)
        self._switches.append(
            Switch(
                site=site,
                module=weakref.ref(module),
                layers=[weakref.ref(layer) for layer in layers[::every][:MOST_LAYERS]],
                parameters=[weakref.ref(one) for _, one in trained[::each][:MOST_PARAMETERS]],
                trained_at=frozenset(self._sites - self._first_in_evaluation.get(module, set())),
                step=step,
                names=tuple(name for name, _ in trained[:64]),
                kinds=", ".join(sorted({type(layer).__name__ for layer in layers})),
                type=type(module).__name__,
                is_early=not self._sites,
            )
        )

    def computed(self, layer: nn.Module, training: bool) -> None:
        """Note that a layer computed in a deep step.

        Args:
            layer: The layer.
            training: Whether it did so in training mode, for a gradient; else it was in evaluation mode, without any.
        """
        if training:
            if len(self._in_training) < MOST_TRAINING:
                self._in_training.add(id(layer))
            return
        for switch in self._switches:
            if not switch.is_used:
                module = switch.module()
                switch.is_used = module is not None and any(one is layer for one in module.modules())

    def backward_begins(self) -> None:
        """Look at what is there before a backward adds to it."""
        self.settle()
        self._before = [switch.look() for switch in self._switches]

    def backward_ended(self, site: Site) -> None:
        """Note which modules in evaluation mode a backward went through."""
        for switch, before in zip(self._switches, self._before, strict=False):
            module = switch.module()
            if module is None or switch.look() == before:
                continue
            if switch.is_early and not switch.is_used:
                continue
            switch.is_mixed = switch.is_mixed or any(id(one) in self._in_training for one in module.modules())
            if not switch.is_early and site not in switch.trained_at:
                self._first_in_evaluation.setdefault(module, set()).add(site)
                continue
            switch.waiting[site] = switch.waiting.get(site, 0) + 1
        self._before = []
        self._in_training.clear()
        if len(self._sites) < 256:
            self._sites.add(site)

    @property
    def is_waiting(self) -> bool:
        """Whether a backward went through a module in evaluation mode whose gradients have not been used yet."""
        return any(switch.waiting for switch in self._switches)

    def updated(self, parameters: Sequence[torch.Tensor], step: int) -> None:
        """Note that parameters were updated: the gradients of backwards through modules in evaluation mode were used.

        Args:
            parameters: Those that were.
            step: Steps that had been taken before.
        """
        waiting = [switch for switch in self._switches if switch.waiting and switch.is_on()]
        identities = frozenset(map(id, parameters)) if waiting else frozenset()
        for switch in waiting:
            if not any(id(reference()) in identities for reference in switch.parameters):
                continue
            for site, count in switch.waiting.items():
                switch.backwards[site] = switch.backwards.get(site, 0) + count
            switch.waiting, switch.last_step = {}, step
            known = self._told.get(switch.site)
            if known is None or sum(switch.backwards.values()) > sum(known.backwards.values()):
                self._told[switch.site] = switch

    def observations(self) -> Iterator[Observation]:
        """Return what was seen so far.

        Of a line that put modules in evaluation mode again and again, it is the longest time. Where each time was undone only
        after a backward (a framework calls `train()` at the beginning of each step), and was for an evaluation, it is all of them.
        """
        for site, switch in self._told.items():
            backward, count = max(switch.backwards.items(), key=lambda item: item[1])
            times = self._undone.get(site, {}).get(backward, 0) + sum(
                one.backwards.get(backward, 0) for one in self._switches if one.site == site and one.was_for_evaluation
            )
            module = switch.module()
            names = (
                switch.names
                if not switch.is_early or module is None
                else tuple(name for name, _ in self._owned(module))
            )
            if not any(names):
                continue
            detail: dict[str, Any] = {
                "module": switch.type,
                "layers": switch.kinds,
                "backwards": max(count, times),
                "again": times > count,
                "calls": self._calls.get(site, 1),
                "early": switch.is_early,
                "first_step": switch.step,
                "last_step": switch.last_step,
            }
            yield Observation(WHAT, site, (RelatedSite(backward, "backward"),), names[:64], detail)

    def settle(self) -> None:
        """Forget switches that were undone since."""
        for switch in self._switches:
            if switch.backwards and switch.was_for_evaluation and not switch.is_on():
                counts = self._undone.setdefault(switch.site, {})
                for backward, count in switch.backwards.items():
                    counts[backward] = counts.get(backward, 0) + count
        self._switches = [switch for switch in self._switches if switch.is_on()]

    def _owned(self, module: nn.Module) -> Iterator[tuple[str, torch.Tensor]]:
        """Yield the parameters of a module that an optimizer has stepped with, with their names."""
        for parameter in module.parameters():
            position = self._layout.position(parameter)
            if position is not None and self._layout.parameters[position].optimizer is not None:
                yield self._layout.parameters[position].name, parameter


def depends_on_mode(layer: nn.Module) -> bool:
    """Return whether a layer itself computes something else in evaluation mode."""
    if isinstance(layer, _DROPOUT):
        return layer.p > 0
    if isinstance(layer, _BATCH_NORM):
        return layer.track_running_stats
    if isinstance(layer, (nn.RNNBase, nn.MultiheadAttention)):
        return layer.dropout > 0
    names = getattr(getattr(type(layer).forward, "__code__", None), "co_names", ())
    return "training" in names and any("drop" in name or "batch_norm" in name for name in names)
