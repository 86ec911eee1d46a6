"""Graphs that grow from step to step: states carried on with their history, losses kept with theirs."""

from __future__ import annotations

import gc
import linecache
import re
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import torch

from gradprobe.recorder.deep.graph import grad_fn_of
from gradprobe.recorder.deep.node import Node, Place
from gradprobe.recorder.deep.postmortem.keeping import carrying_line
from gradprobe.recorder.deep.watching import Watcher
from gradprobe.values import Observation, RelatedSite
from gradprobe.values.observations import Detail

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gradprobe.recorder.deep.tracer import Tracer

SPANS: Final = "graph-spans-steps"
"""An observation of a tensor whose graph goes back over steps: `detail["steps"]` of them, when last seen."""
KEPT: Final = "graphs-kept"
"""An observation of tensors with a graph that are kept from step to step: `detail["count"]` of them, when last seen."""
LEAST: Final = 3
"""Steps that a graph must go back over, or that tensors must have been kept for."""


def watch_kept_graphs() -> Watcher:
    """Return a watcher that asks once for each line whether its graphs go on growing."""
    return Watcher(step_ended=_KeptGraphs().step_ended)


class _KeptGraphs:
    """What is known of lines whose graphs go back over steps."""

    def __init__(self) -> None:
        self._asked: set[Place] = set()
        self._carried_at: dict[Place, tuple[Place, Place]] = {}

    def step_ended(self, tracer: Tracer) -> None:
        """Look for graphs that go back over steps, and for tensors of the same line that are kept."""
        by_place: dict[tuple[str, int], list[Node]] = {}
        for tensor, node in tracer.living():
            if grad_fn_of(tensor) is None or node.place is None or not node.live:
                continue
            self._look_back(tracer, tensor, node)
            by_place.setdefault((node.place[0].co_filename, node.place[1]), []).append(node)
        for place, nodes in by_place.items():
            steps = Counter(node.step for node in nodes)
            if len(steps) < LEAST - 1 or len(steps) <= max(tracer.step - min(steps) - 1, 1):
                continue
            if len(steps) >= LEAST:
                _tell_kept(tracer, place, nodes)
            else:
                self._ask(tracer, nodes[0].place)

    def _look_back(self, tracer: Tracer, tensor: torch.Tensor, node: Node) -> None:
        """Tell of a graph that goes on in the step before through the same line, and in the one before that."""
        ancestors = [one for one in node.graph(4000) if one.live]
        steps = {one.step for one in ancestors if one.place == node.place and one.operation == node.operation}
        if len(steps) == LEAST - 1:
            self._ask(tracer, node.place)
        if len(steps) < LEAST:
            return
        if node.place not in self._carried_at:
            made, used = _newest_crossing(ancestors)
            self._carried_at[node.place] = carrying_line(tracer.deep, grad_fn_of(tensor), made, used)
        place, at = self._carried_at[node.place]
        detail: dict[str, Detail] = {"steps": len(steps), "operation": node.operation}
        related = () if at is None else (RelatedSite(tracer.deep.site(at), "made here"),)
        tracer.deep.observe(Observation(SPANS, tracer.deep.site(place or node.place), related, detail=detail))

    def _ask(self, tracer: Tracer, place: Place) -> None:
        """Ask for one more step: what was seen is not enough to say so yet."""
        if place not in self._asked:
            self._asked.add(place)
            tracer.deep.want(1)


def _newest_crossing(nodes: list[Node]) -> tuple[Node | None, Node | None]:
    """Return a value of an earlier step and what used it in the newest step of a graph; None where there is none."""
    newest = max(one.step for one in nodes)
    for one in nodes:
        for parent in one.parents if one.step == newest else ():
            if parent.step < newest and parent.live and not parent.leaf:
                return parent, one
    return None, None


def _tell_kept(tracer: Tracer, place: tuple[str, int], nodes: list[Node]) -> None:
    made = tracer.deep.site(nodes[0].place)
    holder = _holder(tensor for tensor, node in tracer.living() if node in nodes)
    line = _line_that_keeps(tracer.sites.user_files(), holder) if holder else None
    site = tracer.deep.line_site(line[0], line[1], "") if line else made
    detail: dict[str, Detail] = {"count": len(nodes), "holder": holder or ""}
    tracer.deep.observe(Observation(KEPT, site, (RelatedSite(made, "made here"),), detail=detail))


def _holder(tensors: Iterable[torch.Tensor]) -> str | None:
    """Return the name of the list, dict or deque that holds the tensors; None where that does not show."""
    tensors = list(tensors)
    for referrer in gc.get_referrers(tensors[0]):
        if referrer is not tensors and isinstance(referrer, (list, dict)) and _holds(referrer, tensors):
            return _name_of(referrer)
    return None


def _holds(container: Any, tensors: list[torch.Tensor]) -> bool:
    values = container.values() if isinstance(container, dict) else container
    identities = {id(value) for value in values}
    return sum(id(tensor) in identities for tensor in tensors) >= min(len(tensors), LEAST)


def _name_of(container: Any) -> str | None:
    """Return the variable or attribute that holds a container."""
    for referrer in gc.get_referrers(container):
        held = referrer if isinstance(referrer, dict) else getattr(referrer, "__dict__", None)
        if isinstance(held, dict):
            for name, value in list(held.items()):
                if value is container and isinstance(name, str):
                    return name
    return None


def _line_that_keeps(files: Iterable[str], name: str) -> tuple[str, int] | None:
    """Return the line of the user's that adds to a container of this name."""
    adds = re.compile(rf"\b{re.escape(name)}\b(\.(append|extend|add|appendleft|insert)\(|\[.*\]\s*=[^=]|\s*\+=)")
    for file in files:
        for number, line in enumerate(linecache.getlines(file), 1):
            if adds.search(line):
                return file, number
    return None
