"""Parameters in half precision that an optimizer trains: which line made them so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import torch

from gradprobe.recorder.deep.watching import Watcher
from gradprobe.values import Observation, RelatedSite, Site
from gradprobe.values.observations import Detail

if TYPE_CHECKING:
    from gradprobe.recorder.deep.deep import Deep
    from gradprobe.recorder.deep.leaves import Leaf
    from gradprobe.recorder.deep.tracer import Seen, Tracer

WHAT: Final = "half-parameters"
"""An observation of parameters that an optimizer owns and that are float16 or bfloat16, by the line that made them so.

`detail`: `dtype`; `by` (the operation: `half`, `to`, `set_default_dtype`; empty where they were made so); `scaler` (whether
the script has a gradient scaler); `elements`; `due` and `kept` (sampled elements that steps should have moved, and those of
them that they left as they were); `epsilon` (an optimizer's, where it is zero in that precision; 0.0 where none is). A related
site `scaler built here` is where the scaler was built.
"""
MORE: Final = 6
"""Deep steps that are asked for where there are such parameters: what their steps change shows in a few of them."""
HALVES: Final = (torch.float16, torch.bfloat16)


class Halved:
    """Remembers which line cast which parameter."""

    def __init__(self) -> None:
        self._asked = False
        self._casts: dict[int, tuple[Any, str]] = {}

    def after(self, tracer: Tracer, seen: Seen) -> None:
        """Look at a cast of a parameter."""
        if not seen.tensors or not isinstance(seen.result, torch.Tensor):
            return
        tensor = seen.tensors[0]
        if seen.nodes[0].leaf and seen.result.dtype in HALVES and tensor.dtype not in HALVES:
            self._casts[seen.nodes[0].leaf.bit_length() - 1] = (seen.place, seen.operation.name)

    def step_ended(self, tracer: Tracer) -> None:
        """Tell of the half parameters that optimizers own."""
        deep = tracer.deep
        by_line: dict[tuple[Site, str, str], list[tuple[Leaf, torch.Tensor]]] = {}
        for leaf, tensor in tracer.leaves.alive():
            if leaf.is_owned and tensor.requires_grad and tensor.dtype in HALVES:
                place, by = self._casts.get(leaf.number, (None, ""))
                site = deep.site(place) if place is not None else None
                if site is None and deep.halved_by_default is not None:
                    site, by = deep.halved_by_default, "set_default_dtype"
                if site is None and leaf.made is None:
                    continue
                dtype = str(tensor.dtype).removeprefix("torch.")
                by_line.setdefault((site or deep.site(leaf.made), by, dtype), []).append((leaf, tensor))
        if by_line and not self._asked:
            self._asked = True
            deep.want(MORE)
        scaler = next(iter(deep.scaling.scalers.values()), None)
        related = () if scaler is None else (RelatedSite(scaler, "scaler built here"),)
        for (site, by, dtype), found in by_line.items():
            names = tuple(deep.name_of(leaf.number) for leaf, _ in found)
            elements = sum(tensor.numel() for _, tensor in found)
            tallies = [tally for leaf, _ in found if (tally := deep.samples.tallies.get(leaf.number)) is not None]
            detail: dict[str, Detail] = {
                "dtype": dtype,
                "by": by,
                "scaler": scaler is not None,
                "elements": elements,
                "due": sum(tally.due for tally in tallies),
                "kept": sum(tally.kept for tally in tallies),
                "epsilon": _lost_epsilon(deep, found[0][1]),
            }
            deep.observe(Observation(WHAT, site, related, names, detail, key=dtype))


def _lost_epsilon(deep: Deep, tensor: torch.Tensor) -> float:
    """Return the epsilon of the optimizer of a parameter that the parameter's precision rounds to zero; 0.0 if there is none."""
    for step in deep.optimizer_steps:
        optimizer = step.optimizer()
        if optimizer is not None and step.wrote_to(tensor):
            epsilon = optimizer.defaults.get("eps")
            if isinstance(epsilon, float) and epsilon > 0 and float(torch.tensor(epsilon, dtype=tensor.dtype)) == 0:
                return epsilon
    return 0.0


def watcher() -> Watcher:
    """Return a watcher with a memory of its own."""
    state = Halved()
    return Watcher(
        operations=frozenset({"half", "bfloat16", "to", "type", "_to_copy"}),
        after=state.after,
        step_ended=state.step_ended,
    )
