"""Constants that keep a value from zero, or from one, and that a low precision rounds away."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Final

import torch

from gradprobe.recorder.deep.node import Node
from gradprobe.recorder.deep.operations import HALVES, PASS_THROUGH
from gradprobe.recorder.deep.suspects import Lineage, Suspects, names_in, sources
from gradprobe.recorder.deep.watching import Watcher
from gradprobe.values import Observation, RelatedSite, Site
from gradprobe.values.observations import Detail

if TYPE_CHECKING:
    from gradprobe.recorder.deep.tracer import Seen, Tracer

WHAT: Final = "epsilon-lost"
"""An observation of such a constant on the way to a loss, before an operation that it was to protect.

`detail`: `epsilon` (the constant), `dtype`, `rounds_to` (0.0 or 1.0), `operation`, `protects` (the operation that it was to
protect), `met` (whether a value was met that is exactly what the constant was to prevent).
"""
_ADDS: Final = frozenset({"add", "add_", "__add__", "__radd__", "__iadd__"})
_CLAMPS: Final = frozenset({"clamp", "clamp_", "clip", "clip_", "clamp_min", "clamp_min_", "clamp_max", "clamp_max_"})
_WITH_EPSILON: Final = {"normalize": (3, 1e-12), "cosine_similarity": (3, 1e-8)}
"""Functions that protect themselves: position and default of their `eps`."""
_LOGS: Final = frozenset({"log", "log_", "log2", "log10", "logit", "log_sigmoid"})
_ROOTS: Final = frozenset({"sqrt", "sqrt_", "rsqrt", "rsqrt_", "pow", "__pow__", "pow_"})
_DIVISIONS: Final = frozenset({"div", "div_", "true_divide", "divide", "__truediv__", "__itruediv__", "__div__"})
_INVERSIONS: Final = frozenset({"reciprocal", "reciprocal_", "__rtruediv__", "__rdiv__"})
_COMPLEMENTS: Final = frozenset({"__rsub__", "rsub"})
_LARGEST: Final = 1e-3
_ELEMENTS: Final = 1 << 20
"""Elements up to which a tensor on the host is looked through."""


class LostEpsilons:
    """Notes constants that were rounded away, until the loss is known."""

    def __init__(self) -> None:
        self.suspects = Suspects()
        self._met: dict[object, bool] = {}
        self._looks: dict[object, int] = {}

    def after(self, tracer: Tracer, seen: Seen) -> None:
        """Look at a constant that was added, or clamped to, in a low precision."""
        node = seen.node
        if node is None or node.dtype not in HALVES:
            return
        for epsilon, target in _epsilons(seen):
            if _rounded(epsilon, node.dtype) != target:
                continue
            self._look(seen, target)
            judge = functools.partial(self._judge, tracer, seen.operation.name, node, epsilon, target)
            self.suspects.note(tracer, node, judge)

    def _look(self, seen: Seen, target: float) -> None:
        """See whether a value was met that the constant was to prevent; a few times on a device."""
        values: Any = seen.result if seen.operation.name not in _WITH_EPSILON else None
        if values is None:
            values = torch.linalg.vector_norm(seen.tensors[0].detach(), dim=-1)  # The dimension is mostly the last.
        key = seen.place
        if self._met.get(key) or not isinstance(values, torch.Tensor) or values.numel() > _ELEMENTS:
            return
        self._looks[key] = self._looks.get(key, 0) + 1
        if values.is_cpu or self._looks[key] <= 3:
            self._met[key] = bool((values.detach() == target).any().item())

    def _judge(
        self,
        tracer: Tracer,
        operation: str,
        result: Node,
        epsilon: float,
        target: float,
        lineage: Lineage,
        backward: Site,
    ) -> Observation | None:
        protected = result if operation in _WITH_EPSILON else _protected(lineage, result, target)
        if protected is None:
            return None
        deep = tracer.deep
        detail: dict[str, Detail] = {
            "epsilon": epsilon,
            "dtype": str(result.dtype).removeprefix("torch."),
            "rounds_to": target,
            "operation": operation,
            "protects": protected.operation,
            "met": self._met.get(result.place, False),
        }
        related = (
            RelatedSite(deep.site(protected.place), f"{protected.operation} of it here"),
            RelatedSite(backward, "backward"),
        )
        site, names = deep.site(result.place), names_in(tracer, protected)
        return Observation(WHAT, site, related, names, detail, key=f"{operation} {target}")


def _epsilons(seen: Seen) -> list[tuple[float, float]]:
    """Return the constants that are meant to keep something from zero, or from one, with which of the two."""
    name = seen.operation.name
    if name in _WITH_EPSILON:
        position, default = _WITH_EPSILON[name]
        numbers = [seen.argument(position, "eps", default)]
    elif name in _ADDS:
        numbers = [*seen.args[:2], seen.kwargs.get("other")]
    else:
        numbers = [*seen.args[1:3], *(seen.kwargs.get(one) for one in ("min", "max"))]
    found = []
    for number in numbers:
        if isinstance(number, float) and 0 < number <= _LARGEST:
            found.append((number, 0.0))
        elif isinstance(number, float) and name in _CLAMPS and 1 - _LARGEST <= number < 1:
            found.append((number, 1.0))
    return found


@functools.cache
def _rounded(number: float, dtype: torch.dtype) -> float:
    """Return a number as a precision holds it."""
    return float(torch.tensor(number, dtype=torch.float64).to(dtype))


def _protected(lineage: Lineage, node: Node, target: float) -> Node | None:
    """Return what a constant was to protect: the first that the value goes into; None where none is."""
    queue = [node]
    for one in queue:
        for child in lineage.children(one):
            name = child.operation
            is_below = len(child.parents) > 1 and any(source is one for source in sources(child.parents[1]))
            if target == 0.0:
                if name in _LOGS or name in _ROOTS or name in _INVERSIONS or (name in _DIVISIONS and is_below):
                    return child
            elif name in _LOGS:
                return child
            elif name in _COMPLEMENTS:
                return _protected(lineage, child, 0.0)
            if name in PASS_THROUGH and len(queue) < 32:
                queue.append(child)
    return None


def watcher() -> Watcher:
    """Return a watcher with a memory of its own."""
    state = LostEpsilons()
    return Watcher(
        operations=_ADDS | _CLAMPS | frozenset(_WITH_EPSILON),
        after=state.after,
        backward=state.suspects.backward,
        step_ended=state.suspects.step_ended,
    )
