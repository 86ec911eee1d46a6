"""What a script does by hand with gradients that a gradient scaler's factor is still on: clips them, or reads their norm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import torch

from gradprobe.recorder.deep.squashed import origin
from gradprobe.recorder.deep.watching import Watcher
from gradprobe.values import Observation

if TYPE_CHECKING:
    from gradprobe.recorder.deep.node import Node, Place
    from gradprobe.recorder.deep.tracer import Seen, Tracer

WHAT: Final = "scaled-gradients"
"""An observation of gradients that were still scaled. `detail`: `kind` (`clipped`, `clamped` or `read`), `operation`, `scale` (None where
it was not known), `limit` (what they were clamped to, else None). The parameters are those whose gradients were met, the first few."""
BY_HAND: Final = "unscaled-by-hand"
"""An observation of gradients that the script itself seems to divide by the scale."""
_READS: Final = frozenset(
    {
        *(
            "norm",
            "linalg_vector_norm",
            "linalg_norm",
            "vector_norm",
            "frobenius_norm",
            "pow",
            "__pow__",
            "square",
            "abs",
        ),
        *("__abs__", "max", "amax", "_foreach_norm", "dot", "vdot", "get_total_norm", "linalg_matrix_norm"),
    }
)
_SCALES: Final = frozenset(
    {
        "mul_",
        "div_",
        "__imul__",
        "__itruediv__",
        "_foreach_mul_",
        "_foreach_div_",
        "mul",
        "div",
        "__mul__",
        "__truediv__",
        "multiply_",
    }
)
_CLAMPS: Final = frozenset(
    {
        "clamp_",
        "clip_",
        "clamp_max_",
        "clamp_min_",
        "_foreach_clamp_max_",
        "_foreach_clamp_min_",
        "clamp",
        "clip",
        "clamp_max",
    }
)
_JOINS: Final = frozenset({"cat", "concat", "_flatten_dense_tensors", "hstack"})
_NAMED: Final = 8
"""Parameters that are named."""


class _Touch(NamedTuple):
    """What was done to a gradient. `memory` is where its result lies, if it is in force only once that is a gradient."""

    kind: str
    operation: str
    place: Place
    limit: float | None
    memory: int


class ScaledGradients:
    """Collects what is done between a scaled backward and the step, and tells it when the step is due."""

    def __init__(self) -> None:
        self._looked_up = -1
        self._gradients: dict[int, int] = {}
        self._touches: list[_Touch] = []
        self._bits: dict[int, None] = {}
        self._norms: dict[int, Node] = {}
        self._copies: dict[int, Node] = {}

    def after(self, tracer: Tracer, seen: Seen) -> None:
        """Look at an operation, if gradients are scaled."""
        scaling = tracer.deep.scaling
        if not scaling.on or scaling.busy or scaling.by_hand:
            return
        if self._looked_up != scaling.backwards:
            self._look_up(tracer)
            scaling.on_settled = lambda: self._settle(tracer)
        hit = self._hit(seen)
        if not hit or seen.node is None:
            return
        name = seen.operation.name
        if name in _JOINS:
            self._copies[id(seen.node)] = seen.node
        elif name in _READS or (name in _SCALES and len(seen.tensors) > 1 and seen.tensors[0] is seen.tensors[1]):
            self._norms[id(seen.node)] = seen.node
            self._add(hit, _Touch("read", name, seen.place, None, 0))
        elif name in _CLAMPS:
            limit = _limit(seen)
            if limit is not None and not scaling.is_accounted_for(limit):
                self._add(hit, _Touch("clamped", name, seen.place, limit, _result(seen)))
        else:
            self._scaled(tracer, seen, hit)

    def _hit(self, seen: Seen) -> list[int]:
        """Return the bits of the parameters whose gradients an operation is given."""
        if not seen.tensors:
            return []
        bit = self._gradients.get(_address(seen.tensors[0]))
        if bit is None and id(origin(seen.nodes[0])) in self._copies:
            return list(self._gradients.values())[:_NAMED]
        return [] if bit is None else [bit]

    def _scaled(self, tracer: Tracer, seen: Seen, hit: list[int]) -> None:
        """A gradient was multiplied: by a factor made of a norm, or by what takes the scale off."""
        scaling = tracer.deep.scaling
        factor = seen.argument(1, "other")
        node = next((node for one, node in zip(seen.tensors, seen.nodes, strict=True) if one is factor), None)
        is_unscaling = False
        if node is not None:
            is_clip = any(id(one) in self._norms for one in node.ancestors(256))
        elif isinstance(factor, float):
            scale = scaling.scale
            is_unscaling = scale is not None and _is_near(factor, 1 / scale, scale)
            is_clip = bool(self._norms) and not is_unscaling
        else:
            return
        if is_clip:
            self._add(hit, _Touch("clipped", seen.operation.name, seen.place, None, _result(seen)))
        elif seen.operation.in_place and (is_unscaling or (node is not None and not node.shape)):
            scaling.by_hand = True
            tracer.deep.observe(Observation(BY_HAND, tracer.deep.site(seen.place)))

    def _look_up(self, tracer: Tracer) -> None:
        """Find where the gradients lie that are scaled."""
        self._looked_up = tracer.deep.scaling.backwards
        self._touches.clear()
        self._norms.clear()
        self._copies.clear()
        self._bits.clear()
        self._gradients = {
            _address(tensor.grad): leaf.number for leaf, tensor in tracer.leaves.alive() if tensor.grad is not None
        }
        self._gradients.pop(0, None)

    def _add(self, hit: list[int], touch: _Touch) -> None:
        if len(self._touches) < 256:
            self._touches.append(touch)
        if len(self._bits) < _NAMED:
            self._bits.update(dict.fromkeys(hit))

    def _settle(self, tracer: Tracer) -> None:
        """Tell what was done, unless the script took account of the scale."""
        scaling = tracer.deep.scaling
        touches, self._touches = self._touches, []
        if not touches or scaling.by_hand:
            return
        memory = {_address(tensor.grad) for _, tensor in tracer.leaves.alive() if tensor.grad is not None}
        done = [one for one in touches if one.kind != "read" and (not one.memory or one.memory in memory)]
        touch = next(iter(done), None) or next((one for one in touches if one.kind == "read"), None)
        if touch is None or (touch.kind != "clamped" and scaling.asked is not None):
            return
        free = scaling.free_parameters()
        names = [tracer.deep.name_of(bit) for bit in self._bits if id(tracer.leaves.at(bit).reference()) not in free]
        detail = {"kind": touch.kind, "operation": touch.operation, "scale": scaling.scale, "limit": touch.limit}
        if names:
            tracer.deep.observe(
                Observation(WHAT, tracer.deep.site(touch.place), parameters=tuple(names), detail=detail, key=touch.kind)
            )


def _address(tensor: torch.Tensor | None) -> int:
    """Return where a tensor's memory lies; 0 where it has none."""
    if tensor is None or tensor.layout != torch.strided or tensor.device.type == "meta" or type(tensor) not in _PLAIN:
        return 0
    return tensor.data_ptr()


_PLAIN: Final = (torch.Tensor, torch.nn.Parameter)


def _result(seen: Seen) -> int:
    """Return where a result lies that is no gradient yet; 0 where the gradient itself was written."""
    return (
        0 if seen.operation.in_place else _address(seen.result if isinstance(seen.result, torch.Tensor) else None) or -1
    )


def _limit(seen: Seen) -> float | None:
    numbers: list[Any] = [*seen.args[1:3], *(seen.kwargs.get(name) for name in ("min", "max"))]
    found = [abs(float(one)) for one in numbers if isinstance(one, (int, float))]
    return max(found, default=None)


def _is_near(factor: float, *others: float) -> bool:
    return any(abs(factor - other) <= 1e-3 * abs(other) for other in others)


def watcher() -> Watcher:
    """Return a watcher with a memory of its own."""
    state = ScaledGradients()
    return Watcher(operations=_READS | _SCALES | _CLAMPS | _JOINS, after=state.after)
