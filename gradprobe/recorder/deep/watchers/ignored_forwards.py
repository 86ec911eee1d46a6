"""Parameters that a forward pass used, and whether any loss depends on a result of that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gradprobe.recorder.deep.node import Node, positions_of
from gradprobe.recorder.deep.squashed import RAW, origin
from gradprobe.recorder.deep.suspects import Lineage
from gradprobe.recorder.deep.watching import Watcher
from gradprobe.values import Observation, RelatedSite, Site

if TYPE_CHECKING:
    import torch

    from gradprobe.recorder.deep.node import Place
    from gradprobe.recorder.deep.tracer import Seen, Tracer

WHAT: Final = "forward-ignored"
"""An observation of parameters that a forward pass used in deep steps, while no loss so far depends on any result of that.

The site is where the loss was made that was backpropagated in place of it; `parameters` is empty once they are in some
loss. `detail`: `steps` (deep steps in which it was so). A related site `not used` is where a result was made that no loss depends on.
"""
_APPLY: Final = RAW | {
    *("embedding", "embedding_bag", "batch_norm", "layer_norm", "group_norm", "instance_norm", "rms_norm"),
    *("lstm", "gru", "rnn_tanh", "rnn_relu", "lstm_cell", "gru_cell", "rnn_tanh_cell", "rnn_relu_cell"),
    *("multi_head_attention_forward", "prelu", "einsum", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d"),
}
"""Operations by which parameters are applied to data; a penalty on parameters does not use them."""
MORE: Final = 8
"""Deep steps that are asked for while it is so."""


class IgnoredForwards:
    """Compares what forward passes use to what losses depend on, over all deep steps."""

    def __init__(self) -> None:
        self._applied = 0
        self._in_loss = 0
        self._steps = 0
        self._where: dict[int, Place] = {}
        self._loss: tuple[Place, Site] | None = None
        self._told: dict[tuple[object, ...], Site] = {}

    def after(self, tracer: Tracer, seen: Seen) -> None:
        """Note which parameters an operation applies."""
        if seen.node is None or not seen.node.live:
            return
        for node in seen.nodes[:64]:
            leaf = node.leaf or origin(node).leaf
            if leaf:
                self._applied |= leaf
                self._where[leaf] = seen.place

    def backward(self, tracer: Tracer, root: torch.Tensor, node: Node, site: Site) -> None:
        """Note which of them a loss depends on."""
        if root.grad_fn is None:
            return
        place = _made(node)
        self._loss = (place, site) if place is not None else self._loss
        for one in Lineage(node):
            known = 0
            for parent in one.parents:
                known |= parent.live | parent.leaf
                if one.operation in _APPLY:
                    self._in_loss |= parent.leaf or origin(parent).leaf
            self._in_loss |= (
                one.live & ~known
            )  # What was not seen inside: compiled, computed again, a gradient's gradient.

    def step_ended(self, tracer: Tracer) -> None:
        """Tell of those that no loss depends on so far."""
        ignored = self._applied & ~self._in_loss
        if self._loss is None or (not ignored and not self._told):
            return
        deep = tracer.deep
        site = deep.site(self._loss[0])
        if ignored:
            self._steps += 1
            deep.want(MORE)
            places = {place: None for leaf, place in self._where.items() if leaf & ignored and place is not None}
            related = (
                RelatedSite(self._loss[1], "backward"),
                *(RelatedSite(deep.site(place), "not used") for place in list(places)[-3:]),
            )
            names = tuple(deep.name_of(bit) for bit in positions_of(ignored))
            self._told[site.file, site.line] = site
            deep.observe(Observation(WHAT, site, related, names, {"steps": self._steps}))
        for told in self._told.values():
            if not ignored or told != site:
                deep.observe(Observation(WHAT, told, detail={"steps": self._steps}))


def _made(loss: Node) -> Place:
    """Return where a loss was made, before it was scaled, or divided by a number of batches."""
    for _ in range(4):
        flowing = [parent for parent in loss.parents if parent.live or parent.leaf]
        is_scaling = loss.operation in (
            "mul",
            "__mul__",
            "__rmul__",
            "div",
            "__truediv__",
            "view",
            "reshape",
            "squeeze",
        )
        if not is_scaling or len(flowing) != 1 or flowing[0].shape != loss.shape or flowing[0].place is None:
            break
        loss = flowing[0]
    return loss.place


def watcher() -> Watcher:
    """Return a watcher with a memory of its own."""
    state = IgnoredForwards()
    return Watcher(operations=_APPLY, after=state.after, backward=state.backward, step_ended=state.step_ended)
