"""Labels that a loss ignores, all of them: every one equals `ignore_index`."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, TypeGuard

import torch

from gradprobe.recorder.deep.node import Node
from gradprobe.recorder.deep.suspects import Lineage, Suspects, names_in
from gradprobe.recorder.deep.watching import Watcher
from gradprobe.values import Observation, RelatedSite, Site
from gradprobe.values.observations import Detail

if TYPE_CHECKING:
    from gradprobe.recorder.deep.node import Place
    from gradprobe.recorder.deep.tracer import Seen, Tracer

WHAT: Final = "labels-ignored"
"""An observation of a loss whose labels were looked at, and were all ignored at least once.

`detail`: `looks` (how often labels were looked at there), `ignored` (how often all of them were ignored), `index`, `labels`
(how many there were, newest), `operation` (the loss). A related site with the role `labels written here` is where the index was written.
"""
_FILLS: Final = frozenset(
    {
        "__setitem__",
        "masked_fill",
        "masked_fill_",
        "full",
        "full_like",
        "new_full",
        "fill_",
        "where",
        "index_fill_",
        "pad",
    }
)
_MOST_LOOKS: Final = 64


class IgnoredLabels:
    """Counts, for each line of a loss, how often its labels were all ignored."""

    def __init__(self) -> None:
        self.suspects = Suspects()
        self._counts: dict[Place, tuple[int, int]] = {}

    def after(self, tracer: Tracer, seen: Seen) -> None:
        """Look at the labels."""
        target = seen.argument(1, "target")
        if seen.node is None or not seen.node.live or not are_labels(target):
            return
        looks, ignored = self._counts.get(seen.place, (0, 0))
        if looks >= _MOST_LOOKS or (looks > ignored and not target.is_cpu):
            return  # Some labels were looked at there that counted.
        index = int(seen.argument(4, "ignore_index", default=-100))
        # One number is read, whatever the device.
        ignored += bool((target == index).all().item())
        self._counts[seen.place] = (looks + 1, ignored)
        if ignored:
            node = next((node for one, node in zip(seen.tensors, seen.nodes, strict=True) if one is target), None)
            judge = functools.partial(self._judge, tracer, seen.operation.name, seen.place, seen.node, node, index)
            self.suspects.note(tracer, seen.node, judge)

    def _judge(
        self,
        tracer: Tracer,
        operation: str,
        place: Place,
        result: Node,
        target: Node | None,
        index: int,
        _: Lineage,
        backward: Site,
    ) -> Observation:
        looks, ignored = self._counts[place]
        deep = tracer.deep
        related = [RelatedSite(backward, "backward")]
        written = written_at(target, place) if target is not None else None
        if written is not None:
            related.append(RelatedSite(deep.site(written), "labels written here"))
        labels = 1
        for size in target.shape if target is not None else ():
            labels *= size
        detail: dict[str, Detail] = {
            "looks": looks,
            "ignored": ignored,
            "index": index,
            "labels": labels,
            "operation": operation,
        }
        return Observation(WHAT, deep.site(place), tuple(related), names_in(tracer, result), detail)


def are_labels(target: object) -> TypeGuard[torch.Tensor]:
    """Return whether a value holds labels: integers, and some."""
    return (
        isinstance(target, torch.Tensor)
        and not target.is_floating_point()
        and not target.is_complex()
        and target.numel() > 0
        and target.device.type != "meta"
    )


def written_at(target: Node, loss: Place) -> Place:
    """Return the line that wrote the index into labels, the last one: a fill or an assignment.

    What the line of the loss itself writes is said only where nothing else did: a library that computes the loss may pad the
    labels before it does.

    Args:
        target: The labels.
        loss: Where the loss is computed.
    """
    own: Place = None
    for place in _fills(target):
        if place != loss:
            return place
        own = own or place
    return own


def _fills(target: Node) -> Iterator[Place]:
    for node in target.ancestors(64):
        for _, operation, place, _ in reversed(node.writes or ()):
            if operation in _FILLS and place is not None:
                yield place
        if node.operation in _FILLS and node.place is not None:
            yield node.place


def watcher() -> Watcher:
    """Return a watcher with a memory of its own."""
    state = IgnoredLabels()
    return Watcher(
        operations=frozenset({"cross_entropy", "nll_loss"}),
        after=state.after,
        backward=state.suspects.backward,
        step_ended=state.suspects.step_ended,
    )
