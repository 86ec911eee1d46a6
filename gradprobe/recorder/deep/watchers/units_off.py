"""ReLU-like layers none of whose units is on for any input, and why: a bias, the input, what a step did."""

from __future__ import annotations

import functools
import weakref
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import torch

from gradprobe.recorder.deep.node import Node, Place, positions_of
from gradprobe.recorder.deep.operations import PASS_THROUGH
from gradprobe.recorder.deep.ownership.elements import is_plain
from gradprobe.recorder.deep.ownership.sending import Sending
from gradprobe.recorder.deep.watchers.zero_pairs import made_zero_at
from gradprobe.recorder.deep.watching import Watcher
from gradprobe.recorder.deep.zeros import LAYERS, TIMES
from gradprobe.recorder.weak_map import WeakMap
from gradprobe.values import Observation, RelatedSite, Site

if TYPE_CHECKING:
    from gradprobe.recorder.deep.tracer import Seen, Tracer
    from gradprobe.values.observations import Detail

WHAT: Final = "units-off"
"""An observation of a ReLU-like layer all of whose units were off for all inputs in a deep step; at the line that calls it.

`detail`: `operation`; `looked` and `on` (deep looks, and those in which some unit was on); `off_since` (first deep step from
which on it was off whenever looked at; -1 while it is on); `hidden` (whether parameters come after it on the way to the loss);
`cause` (`bias`: without it some unit would be on; `input`: data far from zero on one side; `weight`: none of these); `bias`,
`mean`, `deviation` (numbers that go with them); `layer` (name of the parameter right before it). `parameters`: all that the
gradient reaches through it. Related sites: `set here` where the bias, the weight or the data comes from; `layer` where the
values before it were made.
"""
SMALLEST: Final = 8
"""Elements below which a result says little about units."""
MOST: Final = 512
"""Layers that are remembered."""
OFF_CENTRE: Final = 2.0
"""How many standard deviations the mean of data lies from zero where it is called one-sided."""
_RELUS: Final = frozenset({"relu", "relu_", "relu6", "threshold", "threshold_", "clamp", "clamp_", "clip", "clamp_min"})
_MAKES: Final = LAYERS | TIMES | {"addmm", "baddbmm"}
_NORMS: Final = frozenset({"batch_norm", "layer_norm", "group_norm", "instance_norm", "rms_norm"})


@dataclass(slots=True)
class Units:
    """What is known of one such layer.

    Attributes:
        node: The newest result's.
        was_off: Whether the newest look found it off; None before any has arrived.
    """

    place: Place
    operation: str
    layer: int
    live: int = 0
    node: weakref.ref[Node] | None = None
    was_off: bool | None = None
    looked: int = 0
    on: int = 0
    off_since: int = -1
    hidden: bool = False
    cause: str = "weight"
    numbers: dict[str, float] = field(default_factory=dict)
    related: dict[str, Place] = field(default_factory=dict)


class UnitsOff:
    """Remembers layers, and what was applied to what in this step."""

    def __init__(self) -> None:
        self._known: dict[tuple[Place, int], Units] = {}
        self._inputs: WeakMap[Node, weakref.ref[torch.Tensor]] = WeakMap()
        self._sending = Sending()
        self._now: dict[int, tuple[Units, list[torch.Tensor]]] = {}

    def after(self, tracer: Tracer, seen: Seen) -> None:
        """Look at a layer that may be off, or remember what it will be given."""
        if seen.node is None or not seen.grad_enabled:
            return
        if seen.operation.name in _MAKES:
            self._inputs.set(seen.node, weakref.ref(seen.tensors[0]))
        elif _is_relu(seen) and isinstance(seen.result, torch.Tensor):
            self._look(tracer, seen, seen.result)

    def _look(self, tracer: Tracer, seen: Seen, result: torch.Tensor) -> None:
        node = seen.node
        if node is None or not node.live or result.numel() < SMALLEST or not is_plain(result):
            return
        before = seen.nodes[0]
        if seen.operation.in_place and before is node and before.parents:
            before = before.parents[0]
        layer = _leaf_before(before)
        key = (seen.place, layer)
        units = self._known.get(key)
        if units is None:
            if len(self._known) >= MOST:
                return
            units = self._known[key] = Units(seen.place, seen.operation.name, layer)
        units.live |= node.live
        units.node = weakref.ref(node)
        top = result.detach().amax()
        _, tops = self._now.setdefault(id(units), (units, []))
        tops.append(top)
        is_off = bool(top <= 0) if top.is_cpu else units.was_off
        if is_off and top.is_cpu and units.off_since < 0:
            overwritten = seen.operation.in_place or bool(seen.kwargs.get("inplace"))
            self._explain(tracer, units, before, None if overwritten else seen.tensors[0])

    def _explain(self, tracer: Tracer, units: Units, before: Node, values: torch.Tensor | None) -> None:
        """Note why a layer is off: on the host, once each time it goes off."""
        units.cause, units.numbers, units.related = "weight", {}, {}
        before = before.origin(PASS_THROUGH)
        units.related["layer"] = before.place
        bias = _bias_of(before, tracer)
        tensor = None if bias is None else tracer.leaves.at(bias).reference()
        if bias is not None and tensor is not None and is_plain(tensor) and _is_decisive(tensor, before, values):
            units.cause, units.numbers["bias"] = "bias", float(tensor.detach().mean())
            units.related["set here"] = made_zero_at(tracer.leaves.at(bias))
            return
        product = _product_in(before)
        reference = None if product is None else self._inputs.get(product)
        data = None if reference is None else reference()
        if product is not None and data is not None and not product.parents[0].bits and _is_data(data):
            flat = data.detach().float()
            mean, deviation = float(flat.mean()), float(flat.std())
            if abs(mean) > OFF_CENTRE * deviation:
                made = product.parents[0].origin(PASS_THROUGH).place
                units.cause, units.numbers = "input", {"mean": mean, "deviation": deviation}
                units.related["set here"] = made or product.place
                return
        if units.layer >= 0:
            leaf = tracer.leaves.at(units.layer)
            if leaf.writes:
                units.related["set here"] = leaf.writes[-1].place

    def backward(self, tracer: Tracer, root: torch.Tensor, node: Node, site: Site) -> None:
        """Tell which of the layers that are off have parameters after them on the way to the loss."""
        wanted = {id(one.node()): one for one, _ in self._now.values() if one.node is not None and not one.hidden}
        if not wanted:
            return
        after: set[int] = set()
        for one in sorted(node.graph(), key=lambda each: -each.sequence):
            if id(one) in wanted and id(one) in after:
                wanted[id(one)].hidden = True
            if id(one) in after or any(parent.leaf for parent in one.parents):
                after.update(id(parent) for parent in one.parents)

    def step_ended(self, tracer: Tracer) -> None:
        """Send off what was found, read what has arrived, and tell of layers that are or were off."""
        by_device: dict[torch.device, list[tuple[Units, torch.Tensor]]] = {}
        for units, tops in self._now.values():
            top = tops[0] if len(tops) == 1 else torch.stack(tops).amax()
            by_device.setdefault(top.device, []).append((units, top))
        self._now = {}
        for found in by_device.values():
            layers = [units for units, _ in found]
            self._sending.send([top for _, top in found], functools.partial(_receive, layers, tracer.step))
        try:
            self._sending.settle()
        except RuntimeError:  # The device has failed; what was read before stays.
            self._sending.give_up()
        for units in self._known.values():
            if units.was_off is not None and units.looked > units.on:
                self._tell(tracer, units)

    def _tell(self, tracer: Tracer, units: Units) -> None:
        deep = tracer.deep
        layer = deep.name_of(units.layer) if units.layer >= 0 else ""
        detail: dict[str, Detail] = {
            "operation": units.operation,
            "looked": units.looked,
            "on": units.on,
            "off_since": units.off_since,
            "hidden": units.hidden,
            "cause": units.cause,
            "layer": layer,
            **units.numbers,
        }
        related = tuple(RelatedSite(deep.site(place), role) for role, place in units.related.items() if place)
        names = tuple(deep.name_of(number) for number in positions_of(units.live))
        deep.observe(Observation(WHAT, deep.site(units.place), related, names, detail, key=layer))


def _receive(layers: list[Units], step: int, tops: list[float]) -> None:
    for units, top in zip(layers, tops, strict=True):
        units.looked += 1
        units.was_off = top <= 0
        units.on += top > 0
        if top > 0:
            units.off_since = -1
        elif units.off_since < 0:
            units.off_since = step


def _is_relu(seen: Seen) -> bool:
    name = seen.operation.name
    if name not in _RELUS:
        return False
    if name.startswith("cl"):
        return seen.argument(1, "min") == 0 and isinstance(seen.argument(1, "min"), (int, float))
    return not name.startswith("threshold") or (seen.argument(1, "threshold") == 0 and seen.argument(2, "value") == 0)


def _is_decisive(bias: torch.Tensor, before: Node, values: torch.Tensor | None) -> bool:
    """Return whether it is the bias that turns all units off.

    Args:
        bias: `[units]`.
        before: What it was added in.
        values: What the ReLU was given; None where it has written over it: then all of the bias must be negative.
    """
    if values is None:
        return bias.numel() >= SMALLEST and bool(bias.detach().amax() < 0)
    shape = [1] * values.dim()
    shape[1 if before.operation.startswith("conv") or before.operation == "batch_norm" else -1] = -1
    if values.shape[shape.index(-1)] != bias.numel():
        return False
    return bool((values.detach() - bias.detach().reshape(shape)).amax() > 0)


def _is_data(tensor: torch.Tensor) -> bool:
    return is_plain(tensor) and tensor.is_cpu and tensor.is_floating_point() and tensor.numel() > 1


def _leaf_before(node: Node) -> int:
    """Return the position of the weight nearest before a value; -1 where there is none near."""
    for one, _ in zip(node.ancestors(), range(24), strict=False):
        if one.leaf:
            shape = one.shape
            if len(shape) > 1:
                return one.leaf.bit_length() - 1
    return -1


def _bias_of(node: Node, tracer: Tracer) -> int | None:
    """Return the leaf that is added to make a value; None where none is."""
    if node.operation in LAYERS:
        added = node.parents[2:]
    elif node.operation == "addmm" or node.operation in ("add", "__add__", "add_", "__iadd__", "__radd__"):
        added = tuple(one for one in node.parents if one.leaf)
    elif node.operation in _NORMS:
        added = node.parents[-1:]
    else:
        return None
    leaves = [one.leaf.bit_length() - 1 for one in added if one.leaf and len(one.shape) == 1]
    return leaves[0] if leaves else None


def _product_in(node: Node) -> Node | None:
    """Return the layer that made a value, looking through what adds and normalises."""
    for one, _ in zip(node.ancestors(), range(6), strict=False):
        if one.operation in _MAKES and len(one.parents) > 1:
            return one
    return None


def watcher() -> Watcher:
    """Return a watcher with a memory of its own."""
    state = UnitsOff()
    return Watcher(_RELUS | _MAKES, after=state.after, backward=state.backward, step_ended=state.step_ended)
