"""Several losses of one kind that are backpropagated one after another for one step: micro-batches of an accumulation."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gradprobe.recorder.deep.operations import PASS_THROUGH
from gradprobe.recorder.deep.watching import Watcher
from gradprobe.values import Observation, RelatedSite, Site

if TYPE_CHECKING:
    import torch

    from gradprobe.recorder.deep.node import Node, Place
    from gradprobe.recorder.deep.tracer import Tracer
    from gradprobe.values.observations import Detail

WHAT: Final = "accumulated-means"
"""An observation of losses from one `backward()` within one step.

`detail`: `times` (how many), `plain` (whether all are means that nothing divides, made by the same lines, reaching the same
parameters, from graphs and targets of their own). The line that takes the mean is related, with the role `mean taken here`.
"""
MEANS: Final = frozenset(
    {
        *("mean", "cross_entropy", "nll_loss", "binary_cross_entropy", "binary_cross_entropy_with_logits", "mse_loss"),
        *("l1_loss", "smooth_l1_loss", "huber_loss", "poisson_nll_loss", "gaussian_nll_loss", "soft_margin_loss"),
        *("multilabel_soft_margin_loss", "margin_ranking_loss", "cosine_embedding_loss", "triplet_margin_loss"),
        *("hinge_embedding_loss", "multi_margin_loss", "multilabel_margin_loss", "ctc_loss"),
    }
)
"""Operations that take the mean, by themselves or unless told otherwise."""
_SUMS: Final = frozenset({"add", "__add__", "__radd__", "sub", "__sub__", "add_", "__iadd__"})
MOST: Final = 64
"""Losses of one step that are compared."""


@dataclass(frozen=True, slots=True)
class Loss:
    """One loss: where it was backpropagated and from where that was called, what it reaches, where its mean was taken, its targets."""

    chain: tuple[Place, ...]
    live: int
    operations: tuple[tuple[str, Place], ...]
    mean: Place
    site: Site
    is_shared: bool
    targets: tuple[Node, ...]


class Accumulations:
    """The losses since the newest step of an optimizer."""

    def __init__(self) -> None:
        self._losses: list[Loss] = []
        self._newest = -1

    def backward(self, tracer: Tracer, root: torch.Tensor, node: Node, site: Site) -> None:
        """Note a loss that is about to be backpropagated."""
        if len(self._losses) >= MOST:
            return
        mean = mean_of(node)
        mark = tracer.deep.backward_marks[-1] if tracer.deep.backward_marks else None
        is_shared = mark is None or mark.retained or mark.weighted or _begins_before(node, self._newest)
        self._newest = node.sequence
        chain = tracer.chain(sys._getframe(1))
        made = tuple((one.operation, one.place) for one, _ in zip(node.ancestors(), range(8), strict=False))
        place = None if mean is None else mean.place
        targets = () if mean is None else tuple(one for one in mean.parents[1:2] if not one.live)
        self._losses.append(Loss(chain, node.live, made, place, site, is_shared or mean is None, targets))

    def step_ended(self, tracer: Tracer) -> None:
        """Tell of losses that were backpropagated from one line."""
        losses, self._losses = self._losses, []
        by_site: dict[Site, list[Loss]] = {}
        for loss in losses:
            by_site.setdefault(loss.site, []).append(loss)
        for site, own in by_site.items():
            if len(own) < 2:
                continue
            alike = {(loss.chain, loss.live, loss.operations) for loss in own}
            targets = [id(target) for loss in own for target in loss.targets]
            is_new_data = len(set(targets)) == len(targets)  # Else the same samples again, at another scale or angle.
            plain = len(alike) == 1 and not any(loss.is_shared for loss in own) and len(by_site) == 1 and is_new_data
            related = (RelatedSite(tracer.deep.site(own[0].mean), "mean taken here"),) if plain else ()
            detail: dict[str, Detail] = {"times": len(own), "plain": plain}
            tracer.deep.observe(Observation(WHAT, site, related, detail=detail, key=f"{len(own)} {plain}"))


def mean_of(node: Node) -> Node | None:
    """Return the mean that a loss is, or that is added to others in it; None where it is none, or is multiplied by something."""
    node = node.origin(PASS_THROUGH)
    if node.operation in MEANS:
        constants = node.constants or {}
        is_mean = constants.get("reduction", "mean") == "mean" and constants.get("size_average") is not False
        return node if is_mean else None
    if node.operation in _SUMS:
        return next((found for parent in node.parents if (found := mean_of(parent)) is not None), None)
    return None


def _begins_before(node: Node, sequence: int) -> bool:
    """Return whether a loss hangs on what was computed before the loss before it was: its graph is not its own."""
    return any(
        one.sequence <= sequence and one.live and one.operation not in ("parameter", "opaque")
        for one in node.graph(4000)
    )


def watcher() -> Watcher:
    """Return the watcher, with a memory of its own."""
    memory = Accumulations()
    return Watcher(backward=memory.backward, step_ended=memory.step_ended)
