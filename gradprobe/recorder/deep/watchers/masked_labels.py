"""Labels that are compared with the index of what is to be ignored, and all equal it: losses that mask by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gradprobe.recorder.deep.watchers.ignored_labels import are_labels, written_at
from gradprobe.recorder.deep.watching import Watcher
from gradprobe.values import Observation, RelatedSite

if TYPE_CHECKING:
    from gradprobe.recorder.deep.node import Place
    from gradprobe.recorder.deep.tracer import Seen, Tracer
    from gradprobe.values.observations import Detail

WHAT: Final = "labels-masked"
"""An observation of labels that were compared with the index; `detail` and the related site are those of `labels-ignored`."""
INDEX: Final = -100
"""What stands for "ignore this" in the losses of torch, and in libraries that compute losses by hand. No label is negative."""
_MOST_LOOKS: Final = 64


class MaskedLabels:
    """Counts, for each line, how often labels that it compares with the index all equal it."""

    def __init__(self) -> None:
        self._counts: dict[Place, tuple[int, int]] = {}

    def after(self, tracer: Tracer, seen: Seen) -> None:
        """Look at the labels of a training step."""
        labels, other = seen.argument(0, "input"), seen.argument(1, "other")
        if type(other) is not int or other != INDEX or not seen.grad_enabled or not are_labels(labels):
            return
        looks, ignored = self._counts.get(seen.place, (0, 0))
        if looks >= _MOST_LOOKS or (looks > ignored and not labels.is_cpu):
            return  # Some labels were looked at there that counted.
        is_all = bool((labels == INDEX).all().item())  # One number is read, whatever the device.
        self._counts[seen.place] = looks, ignored = looks + 1, ignored + is_all
        if not ignored:
            return
        node = next((node for one, node in zip(seen.tensors, seen.nodes, strict=True) if one is labels), None)
        written = None if node is None else written_at(node, seen.place)
        related = () if written is None else (RelatedSite(tracer.deep.site(written), "labels written here"),)
        detail: dict[str, Detail] = {
            "looks": looks,
            "ignored": ignored,
            "index": INDEX,
            "labels": labels.numel(),
            "operation": seen.operation.name,
        }
        tracer.deep.observe(Observation(WHAT, tracer.deep.site(seen.place), related, detail=detail))


def watcher() -> Watcher:
    """Return a watcher with a memory of its own."""
    return Watcher(operations=frozenset({"ne", "eq", "__eq__", "__ne__", "not_equal"}), after=MaskedLabels().after)
