"""Custom functions whose backward gives something else than the derivative of their forward, tried on copies after the step."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from types import CodeType
from typing import TYPE_CHECKING, Any, Final

import torch

from gradprobe.recorder.deep.functions.calls import Call, can_be_run_again, copied
from gradprobe.recorder.deep.functions.derivative import Mismatch, mismatch
from gradprobe.recorder.deep.node import Node, positions_of
from gradprobe.recorder.deep.watchers.none_gradients import code_of, return_site
from gradprobe.recorder.deep.watching import Watcher
from gradprobe.values import Observation, RelatedSite, Site

if TYPE_CHECKING:
    from gradprobe.recorder.deep.tracer import Tracer
    from gradprobe.values.observations import Detail

WHAT: Final = "wrong-backward"
"""An observation of a backward that is not the derivative; `parameters` are those behind the argument, whose gradient is wrong.

`detail`: `function`, `argument` (its name), `given` and `measured` (the derivative along one direction), `ratio` (of the two,
where it is the same in all directions).
"""
MOST_FUNCTIONS: Final = 16
"""Custom functions that are looked at in a run."""
MOST_CALLS: Final = 3
"""Calls of one of them that are tried, where nothing could be told from those before."""


class CustomBackwards:
    """Keeps a copy of one call of each custom function until the step has ended, and tries it then."""

    def __init__(self) -> None:
        self._seen: dict[CodeType, int] = {}
        self._waiting: list[tuple[CodeType, Call, tuple[int, ...], Site]] = []

    def applied(self, tracer: Tracer, cls: type, args: tuple[Any, ...], result: Any, node: Node) -> None:
        """Copy what a custom function of the user's was applied to."""
        code = code_of(cls)
        outputs = result if isinstance(result, tuple) else (result,)
        is_used = any(isinstance(one, torch.Tensor) and one.requires_grad for one in outputs)
        if code is None or not is_used or self._seen.get(code, 0) >= MOST_CALLS:
            return
        if code not in self._seen and len(self._seen) >= MOST_FUNCTIONS:
            return
        self._seen[code] = self._seen.get(code, 0) + 1
        if not tracer.sites.is_user_file(code.co_filename) or not can_be_run_again(cls):
            self._seen[code] = MOST_CALLS
            return
        wanted = tuple(isinstance(one, torch.Tensor) and one.requires_grad for one in args)
        with _undisturbed(tracer):
            call = copied(cls, args, wanted)
        if call is not None:
            self._waiting.append((code, call, tuple(_bits(tracer, one) for one in args), tracer.deep.site(node.place)))

    def step_ended(self, tracer: Tracer) -> None:
        """Try what was copied."""
        waiting, self._waiting = self._waiting, []
        for code, call, behind, site in waiting:
            with _undisturbed(tracer), contextlib.suppress(Exception):  # It is the user's code, out of its place.
                found = mismatch(call)
                if found is not None:
                    self._seen[code] = MOST_CALLS
                    _observe(tracer, call, found, behind[found.position], site)


def _bits(tracer: Tracer, value: Any) -> int:
    """Return the bits of the parameters that an argument comes from."""
    if not isinstance(value, torch.Tensor) or not value.requires_grad:
        return 0
    node = tracer.node(value)
    return node.live | node.leaf


def _observe(tracer: Tracer, call: Call, found: Mismatch, bits: int, site: Site) -> None:
    parameters = tuple(tracer.deep.name_of(bit) for bit in positions_of(bits))
    name = call.names[found.position] if found.position < len(call.names) else f"argument {found.position + 1}"
    detail: dict[str, Detail] = {
        "function": call.function.__name__,
        "argument": name,
        "given": found.given,
        "measured": found.measured,
        "ratio": found.ratio,
    }
    related = (RelatedSite(site, "applied here"),)
    where = return_site(tracer.deep.line_site, call.function) or site
    tracer.deep.observe(Observation(WHAT, where, related, parameters, detail, call.function.__qualname__))


@contextlib.contextmanager
def _undisturbed(tracer: Tracer) -> Iterator[None]:
    """Compute without a graph, without modes that watch, and leave the generator as it was."""
    looks, tracer.looks = tracer.looks, False
    is_enabled, state = torch.is_grad_enabled(), torch.get_rng_state()
    torch._C._set_grad_enabled(False)
    try:
        with torch._C.DisableTorchFunction():
            yield
    finally:
        torch._C._set_grad_enabled(is_enabled)
        if not torch.equal(torch.get_rng_state(), state):
            torch.set_rng_state(state)
        tracer.looks = looks


def watcher() -> Watcher:
    """Return the watcher, with a memory of its own."""
    memory = CustomBackwards()
    return Watcher(function=memory.applied, step_ended=memory.step_ended)
