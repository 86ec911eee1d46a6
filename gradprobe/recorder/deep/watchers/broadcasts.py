"""Values of as many elements as their targets that became all pairs of them: `[n, 1]` against `[n]` gives `[n, n]`."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from math import prod
from typing import TYPE_CHECKING, Final

from gradprobe.recorder.deep.node import Node
from gradprobe.recorder.deep.squashed import origin
from gradprobe.recorder.deep.suspects import Lineage, Suspects, names_in
from gradprobe.recorder.deep.watching import Watcher
from gradprobe.values import Observation, RelatedSite, Site
from gradprobe.values.observations import Detail

if TYPE_CHECKING:
    from gradprobe.recorder.deep.tracer import Seen, Tracer

WHAT: Final = "broadcast-pairs"
"""An observation of such an operation whose pairs were averaged or summed into a loss.

`detail`: `operation`, `first`, `second` and `result` (shapes as text), `by_loss` (whether a loss function of torch did it).
"""
_LOSSES: Final = frozenset(
    {"mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "kl_div", "soft_margin_loss", "poisson_nll_loss"}
)
_DIFFERENCES: Final = frozenset({"sub", "subtract", "__sub__", "__rsub__", "rsub"})
_PRODUCTS: Final = frozenset({"mul", "multiply", "__mul__", "__rmul__"})
_QUOTIENTS: Final = frozenset({"div", "divide", "true_divide", "__truediv__", "__rtruediv__"})
_NEW_DIMENSIONS: Final = frozenset({"unsqueeze", "__getitem__", "unsqueeze_"})
_NEW_SHAPES: Final = frozenset({"view", "reshape", "unflatten", "expand", "view_as", "reshape_as"})
_REDUCTIONS: Final = frozenset({"mean", "sum", "nanmean", "nansum"})
_LINEAR: Final = frozenset(
    {
        "neg",
        "__neg__",
        "negative",
        "float",
        "to",
        "clone",
        "contiguous",
        "add",
        "__add__",
        "__radd__",
        "sub",
        "__sub__",
        "__rsub__",
    }
)
_ELEMENTWISE: Final = frozenset(
    {
        *(
            "pow",
            "__pow__",
            "square",
            "abs",
            "__abs__",
            "absolute",
            "sqrt",
            "exp",
            "log",
            "log1p",
            "cosh",
            "tanh",
            "relu",
        ),
        *(
            "clamp",
            "clamp_min",
            "clamp_max",
            "softplus",
            "sigmoid",
            "where",
            "minimum",
            "maximum",
            "min",
            "max",
            "rsqrt",
        ),
        *(
            "float_power",
            "leaky_relu",
            "elu",
            "gelu",
            "silu",
            "log_sigmoid",
            "logsigmoid",
            "expm1",
            "reciprocal",
            "log_cosh",
        ),
    }
    | _LINEAR
    | _PRODUCTS
    | _QUOTIENTS
)
"""Operations after which the pairs are still pairs."""


class Broadcasts:
    """Notes such operations until the loss is known."""

    def __init__(self) -> None:
        self.suspects = Suspects()
        self._results: dict[int, Node] = {}

    def after(self, tracer: Tracer, seen: Seen) -> None:
        """Look at the shapes of an operation's two arguments."""
        if seen.node is None or not seen.node.live or len(seen.nodes) < 2:
            return
        first, second = seen.nodes[:2]
        pairs = _pairs(first.shape, second.shape)
        if pairs is None or origin(first) is origin(second):
            return
        self._results[id(seen.node)] = seen.node
        judge = functools.partial(self._judge, tracer, seen.operation.name, seen.node, first, second, pairs)
        self.suspects.note(tracer, seen.node, judge)

    def step_ended(self, tracer: Tracer) -> None:
        """Forget those of the steps before this one."""
        self.suspects.step_ended(tracer)
        self._results = {key: node for key, node in self._results.items() if node.step >= tracer.step}

    def _judge(
        self,
        tracer: Tracer,
        operation: str,
        result: Node,
        first: Node,
        second: Node,
        pairs: tuple[int, ...],
        lineage: Lineage,
        backward: Site,
    ) -> Observation | None:
        way = _Way(lineage, self._results, prod(pairs))
        if not way.is_averaged(result, is_bent=operation not in _DIFFERENCES):
            return None
        longer = first if len(first.shape) > len(second.shape) else second
        if _is_meant(operation, longer, result, is_partial=way.is_partial):
            return None
        deep = tracer.deep
        related = [RelatedSite(backward, "backward")]
        for node in (first, second):
            made = origin(node)
            if made.place is not None:
                related.append(RelatedSite(deep.site(made.place), f"{list(node.shape)} made here"))
        detail: dict[str, Detail] = {
            "operation": operation,
            "first": str(list(first.shape)),
            "second": str(list(second.shape)),
            "result": str(list(pairs)),
            "by_loss": operation in _LOSSES,
            "only_one_trains": bool(first.bits | first.leaf) != bool(second.bits | second.leaf),
        }
        return Observation(
            WHAT, deep.site(result.place), tuple(related), names_in(tracer, result), detail, key=operation
        )


def _pairs(first: tuple[int, ...], second: tuple[int, ...]) -> tuple[int, ...] | None:
    """Return the shape of all pairs, where two shapes of as many elements and different dimensions give that; else None."""
    if len(first) == len(second) or not first or not second or prod(first) != prod(second) or prod(first) < 2:
        return None
    length = max(len(first), len(second))
    one, two = (1,) * (length - len(first)) + first, (1,) * (length - len(second)) + second
    if any(a != b and 1 not in (a, b) for a, b in zip(one, two, strict=True)):
        return None
    result = tuple(max(a, b) for a, b in zip(one, two, strict=True))
    return result if prod(result) > prod(first) else None


def _is_meant(operation: str, longer: Node, result: Node, *, is_partial: bool) -> bool:
    """Return whether pairs are meant: somebody added the dimension for them.

    Args:
        operation: What made the pairs.
        longer: The argument with more dimensions.
        result: The pairs.
        is_partial: Whether they are reduced along one dimension before the other.
    """
    if longer.place is None or result.place is None:
        return False
    if is_partial and longer.operation in _NEW_DIMENSIONS:
        return longer.place[0] is result.place[0]
    if is_partial and longer.operation in _NEW_SHAPES:
        return longer.place == result.place
    return longer.operation in _NEW_DIMENSIONS and operation in _DIFFERENCES and longer.place == result.place


class _Way:
    """The way from pairs to the loss.

    Attributes:
        is_partial: Whether they are reduced along one dimension before the other.
    """

    def __init__(self, lineage: Lineage, pairs: Mapping[int, Node], total: int) -> None:
        """Prepare to follow it.

        Args:
            lineage: The loss.
            pairs: Everything that became pairs in this way.
            total: How many pairs there are.
        """
        self.is_partial = False
        self._lineage = lineage
        self._pairs = pairs
        self._total = total

    def is_averaged(self, result: Node, *, is_bent: bool) -> bool:
        """Return whether pairs go into one number without distinction, and the number is not what it would be without them.

        The mean of all differences is that of the differences that were meant; that of their squares is not.

        Args:
            result: The pairs.
            is_bent: Whether what made them is not linear in either argument.
        """
        queue, seen = [(result, is_bent)], {id(result)}
        found = False
        for node, bent in queue:
            if prod(node.shape) == 1:
                found = found or bent
                continue
            for child in self._lineage.children(node):
                if id(child) in seen:
                    continue
                is_reduction = child.operation in _REDUCTIONS
                if not is_reduction and not self._stays(child, node):
                    return False
                self.is_partial = self.is_partial or (is_reduction and prod(child.shape) > 1)
                seen.add(id(child))
                queue.append((child, bent or not (is_reduction or _is_linear(child))))
        return found

    def _stays(self, child: Node, node: Node) -> bool:
        """Return whether an operation leaves pairs alone: it is elementwise, and nothing else in it knows of pairs."""
        if prod(child.shape) == 1 or prod(child.shape) not in (self._total, prod(node.shape)):
            return child.operation in _LOSSES
        if child.operation not in _ELEMENTWISE:
            return False
        return all(self._is_unaware(parent) for parent in child.parents)

    def _is_unaware(self, node: Node, depth: int = 32) -> bool:
        """Return whether a tensor is no mask or weight of pairs: it is smaller, or became pairs in the same way."""
        if prod(node.shape) < self._total or id(node) in self._pairs:
            return True
        if not depth or node.operation not in _ELEMENTWISE or not node.parents:
            return False
        return all(self._is_unaware(parent, depth - 1) for parent in node.parents)


def _is_linear(node: Node) -> bool:
    if node.operation in _LINEAR:
        return True
    is_scaling = node.operation in _PRODUCTS or node.operation in _QUOTIENTS
    return is_scaling and sum(prod(parent.shape) > 1 for parent in node.parents) == 1


def watcher() -> Watcher:
    """Return a watcher with a memory of its own."""
    state = Broadcasts()
    return Watcher(
        operations=_LOSSES | _DIFFERENCES | _PRODUCTS | _QUOTIENTS,
        after=state.after,
        backward=state.suspects.backward,
        step_ended=state.step_ended,
    )
