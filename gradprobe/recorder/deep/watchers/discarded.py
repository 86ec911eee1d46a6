"""Calls whose result the script throws away although it is all that they do: `x.detach()` as a statement of its own.

What the interpreter does next with the result is read from the code that runs: a call followed by `POP_TOP` is a statement.
"""

from __future__ import annotations

import dis
import sys
from types import CodeType, FrameType
from typing import TYPE_CHECKING, Final

from gradprobe.recorder.deep.watching import Watcher
from gradprobe.values import Observation, RelatedSite, Site

if TYPE_CHECKING:
    import torch

    from gradprobe.recorder.deep.node import Node
    from gradprobe.recorder.deep.tracer import Seen, Tracer

WHAT: Final = "discarded-detach"
"""An observation of a detached tensor that was thrown away while the tensor itself went on to a loss."""
MOST: Final = 256
"""Statements that are remembered within a step."""


class Discarded:
    """Remembers statements that threw their result away until a loss is made of what they were called on."""

    def __init__(self) -> None:
        self._waiting: dict[int, tuple[Node, Site]] = {}
        self._pops: dict[tuple[CodeType, int], bool] = {}
        self._step = -1

    def after(self, tracer: Tracer, seen: Seen) -> None:
        """Remember a `detach()` whose result is thrown away."""
        if self._step != tracer.step:
            self._step = tracer.step
            self._waiting.clear()
        if not seen.nodes or not seen.nodes[0].live or seen.place is None or len(self._waiting) >= MOST:
            return
        frame: FrameType | None = sys._getframe(1)
        while frame is not None and frame.f_code.co_name != "__torch_function__":
            frame = frame.f_back
        caller = None if frame is None else frame.f_back
        # The statement must be the one that calls detach(), not one that calls a library which does.
        if caller is not None and caller.f_code is seen.place[0] and self._is_popped(caller):
            self._waiting[id(seen.nodes[0])] = (seen.nodes[0], tracer.deep.site(seen.place))

    def backward(self, tracer: Tracer, root: torch.Tensor, node: Node, site: Site) -> None:
        """Tell of those whose tensor went on to this loss, graph and all."""
        if not self._waiting:
            return
        for one in node.graph():
            found = self._waiting.get(id(one))
            if found is not None and found[0] is one:
                names = tuple(tracer.deep.name_of(bit) for bit in _positions(one.live))
                related = (RelatedSite(site, "backward"), RelatedSite(tracer.deep.site(one.place), "made here"))
                tracer.deep.observe(Observation(WHAT, found[1], related, names))

    def _is_popped(self, frame: FrameType) -> bool:
        key = (frame.f_code, frame.f_lasti)
        found = self._pops.get(key)
        if found is None:
            found = self._pops[key] = _is_followed_by_pop(frame.f_code, frame.f_lasti)
        return found


def _is_followed_by_pop(code: CodeType, at: int) -> bool:
    """Return whether the result of the call at an offset of bytecode is dropped at once."""
    following = (one.opname for one in dis.get_instructions(code) if one.offset > at and one.opname != "CACHE")
    return next(following, "") == "POP_TOP"


def _positions(bits: int) -> list[int]:
    from gradprobe.recorder.deep.node import positions_of

    return positions_of(bits)


def watcher() -> Watcher:
    """Return a watcher with a memory of its own."""
    state = Discarded()
    return Watcher(operations=frozenset({"detach"}), after=state.after, backward=state.backward)
