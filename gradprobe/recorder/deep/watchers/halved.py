"""Parameters in half precision that an optimizer trains: which line made them so."""

from __future__ import annotations

from types import FrameType
from typing import TYPE_CHECKING, Any, Final

import torch

from gradprobe.recorder.deep.node import Place
from gradprobe.recorder.deep.operations import HALVES
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
the script has a gradient scaler); `elements`; `epsilon` (an optimizer's, where it is zero in that precision; 0.0 where none is). A related
site `scaler built here` is where the scaler was built.
"""


class Halved:
    """Remembers which line cast which parameter."""

    def __init__(self) -> None:
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
                site = site or deep.site(leaf.dtype_given_at or leaf.made)
                dtype = str(tensor.dtype).removeprefix("torch.")
                by_line.setdefault((site, by, dtype), []).append((leaf, tensor))
        scaler = next(iter(deep.scaling.scalers.values()), None)
        related = () if scaler is None else (RelatedSite(scaler, "scaler built here"),)
        for (site, by, dtype), found in by_line.items():
            names = tuple(deep.name_of(leaf.number) for leaf, _ in found)
            elements = sum(tensor.numel() for _, tensor in found)
            detail: dict[str, Detail] = {
                "dtype": dtype,
                "by": by,
                "scaler": scaler is not None,
                "elements": elements,
                "epsilon": _lost_epsilon(deep, found[0][1]),
            }
            deep.observe(Observation(WHAT, site, related, names, detail, key=dtype))


def given_at(tracer: Tracer, dtype: torch.dtype, frame: FrameType) -> Place:
    """Return the line that handed a dtype down to the user's functions that are running; None where none was given it."""
    decided: Place = None
    was_given = False
    for one in tracer.sites.user_chain(frame):
        if was_given:
            decided = (one.f_code, one.f_lineno or 0)
        code = one.f_code
        arguments = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        was_given = any(one.f_locals.get(name) is dtype for name in arguments)
        if not was_given:
            break
    return decided


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
