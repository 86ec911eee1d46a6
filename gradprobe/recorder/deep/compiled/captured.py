"""Compiled graphs as they run: in a deep step their results get their nodes, and an optimizer's graph is its step."""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch

from gradprobe import _active
from gradprobe.recorder.deep.compiled.summary import Flow, Summary, summary_of
from gradprobe.recorder.deep.node import NO_CUTS, Cuts, Node, cut_off, merged

if TYPE_CHECKING:
    from gradprobe.recorder.deep.deep import Deep
    from gradprobe.recorder.patches import Patches
    from gradprobe.recorder.recorder import Recorder


class Captured:
    """What a recorder does around compiled graphs.

    What was compiled stays when a recording ends, and may run under another one: a graph holds no recorder, and asks for the one
    that is active.
    """

    def __init__(self, recorder: Recorder) -> None:
        guarded = recorder.guard.guarded
        self.recorder = recorder
        self.arrive = guarded(lambda args: _arrive(recorder.deep, args))
        self.leave = guarded(
            lambda summary, inputs, results, frame: _leave(recorder.deep, summary, inputs, results, frame)
        )
        self.begin = guarded(lambda optimizer, frame: recorder.optimizer_begins(optimizer, frame, False))
        self.end = guarded(lambda optimizer: recorder.optimizer_ended(optimizer, recorder.site()))
        self.abandon = guarded(recorder.optimizer_failed)


def install_captured(recorder: Recorder, patches: Patches) -> None:
    """Observe what `torch.compile` captures, from its first import on."""
    from gradprobe.imports import after_import

    def arrived() -> None:
        module = sys.modules.get("torch._dynamo.output_graph")
        kind = getattr(module, "OutputGraph", None)
        if kind is not None and "call_user_compiler" in vars(kind):
            _watch(kind, recorder, patches)

    patches.on_undo(after_import("torch._dynamo.output_graph", arrived))


def _watch(kind: Any, recorder: Recorder, patches: Patches) -> None:
    original = kind.call_user_compiler
    read = recorder.guard.guarded(lambda graph: summary_of(graph, recorder.sites.is_user_file))

    def call_user_compiler(self: Any, gm: Any, *rest: Any, **more: Any) -> Any:
        # Before the backend has it, which may change the graph.
        optimizer = _optimizer_of(self)
        summary = None if optimizer is not None else read(gm.graph)
        compiled = original(self, gm, *rest, **more)
        if getattr(self, "package", None) is not None or (optimizer is None and summary is None):
            return compiled  # What goes into a package is stored on disk, without us.
        if optimizer is not None:
            return _step_around(_resolved(compiled), optimizer)
        assert summary is not None
        return _graph_around(_resolved(compiled), summary)

    patches.replace(kind, "call_user_compiler", call_user_compiler)


def _optimizer_of(output: Any) -> torch.optim.Optimizer | None:
    """Return the optimizer whose `step` is captured; None where it is something else, or a part of one after a break."""
    code = getattr(getattr(output, "root_tx", None), "f_code", None)
    owner = getattr(output, "local_scope", {}).get("self")
    if code is None or code.co_name != "step" or not isinstance(owner, torch.optim.Optimizer):
        return None
    return owner


def _resolved(compiled: Any) -> Any:
    """Return what a backend gave as torch would make it ready: a graph module that is generated late is generated now."""
    from torch.fx._lazy_graph_module import _LazyGraphModule

    module: Any = compiled if isinstance(compiled, _LazyGraphModule) else getattr(compiled, "__self__", None)
    is_late = isinstance(module, _LazyGraphModule)
    if not is_late or (module is not compiled and compiled.__name__ != "_lazy_forward"):
        return compiled
    _LazyGraphModule.force_recompile(module)
    return module if module is compiled else module.forward


def _graph_around(compiled: Callable[..., Any], summary: Summary) -> Callable[..., Any]:
    """Return a compiled graph that gives its results their nodes where a step is deep."""

    def run(*args: Any) -> Any:
        recorder = _active.recorder
        if recorder is None or not recorder.deep.sees_compiled:
            return compiled(*args)
        inputs = recorder.captured.arrive(args)
        results = compiled(*args)
        if inputs is not None:
            recorder.captured.leave(summary, inputs, results, sys._getframe(1))
        return results

    return run


def _step_around(compiled: Callable[..., Any], owner: torch.optim.Optimizer) -> Callable[..., Any]:
    """Return the compiled graph of an optimizer's step with what the optimizer's hooks do: dynamo has left them out."""
    reference = weakref.ref(owner)

    def run(*args: Any) -> Any:
        optimizer, recorder = reference(), _active.recorder
        # Where its hooks ran (a break in torch's wrapper around it), it is known to be within its step.
        if optimizer is None or recorder is None or recorder.is_stepping(optimizer):
            return compiled(*args)
        recorder.stop_if_due(optimizer=optimizer)
        recorder.captured.begin(optimizer, sys._getframe(1))
        try:
            results = compiled(*args)
        except BaseException:  # The script may catch it, and step again.
            recorder.captured.abandon(optimizer)
            raise
        recorder.captured.end(optimizer)
        return results

    return run


def _arrive(deep: Deep, args: tuple[Any, ...]) -> list[tuple[Node, int, Cuts] | None]:
    """Return what is known of a graph's arguments; holds none of them."""
    found: list[tuple[Node, int, Cuts] | None] = []
    for value in args:
        if isinstance(value, torch.Tensor):
            node = deep.tracer.node(value)
            found.append((node, *deep.tracer.contributions([node], [value])))
        else:
            found.append(None)
    return found


def _leave(deep: Deep, summary: Summary, inputs: list[tuple[Node, int, Cuts] | None], results: Any, frame: Any) -> None:
    """Give a graph's results their nodes."""
    tracer = deep.tracer
    if len(inputs) != summary.inputs or not isinstance(results, (tuple, list)) or len(results) != len(summary.results):
        return
    tracer.operations += 1
    deep.compiled_writes.update(summary.writes)
    outer = tracer.place(frame)
    for flow, value in zip(summary.results, results, strict=True):
        if flow is None or not isinstance(value, torch.Tensor) or tracer.node_of(value) is not None:
            continue
        parents, live, cuts = _joined(deep, flow, inputs)
        place = flow.place or outer
        if live & ~tracer.used:
            tracer.note_use(parents, place, [value])
        tracer.made_compiled(value, parents, place, live=live if value.requires_grad else 0, cuts=cuts)
    tracer.count()


def _joined(deep: Deep, flow: Flow, inputs: list[tuple[Node, int, Cuts] | None]) -> tuple[tuple[Node, ...], int, Cuts]:
    """Return the nodes that a value comes from, its live bits and its cuts, in bits of parameters."""

    def live_of(bits: int) -> int:
        found = 0
        for position, known in enumerate(inputs):
            if known is not None and bits >> position & 1:
                found |= known[1]
        return found

    parents: list[Node] = []
    cuts: Cuts = NO_CUTS
    for position, known in enumerate(inputs):
        if known is not None and flow.seen >> position & 1:
            parents.append(known[0])
            cuts = merged(cuts, known[2])
    for key, bits in flow.cuts.items():
        severed = live_of(bits)
        if severed:
            number = deep.tracer.cuts.number(key.kind, key.place, key.operation, key.at)
            cuts = cut_off(cuts, number, severed)
    return tuple(parents), live_of(flow.live), cuts
