"""What a captured graph does to gradients: which inputs each of its results comes from, live or through which cut.

Read once, when the graph is captured, from what the tracer of `torch.compile` has noted beside each operation: the tensor that it
gives (of no memory, but with its `requires_grad`) and the user's lines.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import torch
from torch import fx

from gradprobe.recorder.deep.compiled.lines import place_at, turned_off_at, user_lines
from gradprobe.recorder.deep.node import Place
from gradprobe.recorder.deep.operations import ALIASES, DRAWS, FACTORIES, LIKENESSES, ROUNDINGS, Operation

MOST_NODES: Final = 50_000
"""Operations of a graph that are read."""
MOST_ALIASES: Final = 24
_NUMBERS: Final = frozenset({"item", "tolist", "__float__", "__int__", "_local_scalar_dense"})
_WRITES: Final = frozenset({"setitem", "iadd", "isub", "imul", "itruediv", "ifloordiv"})


class CutKey(NamedTuple):
    """A line of a graph where gradients end; as the fields of `gradprobe.recorder.deep.cuts.Cut`."""

    kind: str
    place: Place
    operation: str
    at: Place


@dataclass(slots=True)
class Flow:
    """Where a value comes from, in bits of the graph's inputs.

    Attributes:
        seen: Those it comes from on whatever way.
        live: Those that its gradient reaches.
        cuts: For each cut, those whose value came through it.
        place: The line that made it.
    """

    seen: int = 0
    live: int = 0
    cuts: dict[CutKey, int] = field(default_factory=dict)
    place: Place = None

    def join(self, other: Flow) -> None:
        """Add where another value comes from."""
        self.seen |= other.seen
        self.live |= other.live
        for key, bits in other.cuts.items():
            self.cuts[key] = self.cuts.get(key, 0) | bits

    def cut(self, key: CutKey) -> None:
        """End the gradient of what is live; what had come through an earlier cut as well is put to this one's account."""
        left = {earlier: bits & ~self.live for earlier, bits in self.cuts.items()}
        self.cuts = {earlier: bits for earlier, bits in left.items() if bits}
        self.cuts[key] = self.cuts.get(key, 0) | self.live
        self.live = 0


@dataclass(frozen=True, slots=True)
class Summary:
    """A graph.

    Attributes:
        inputs: How many arguments it takes.
        results: For each of its results, where it comes from; None for what is no tensor.
        writes: Lines that write in place to something that a gradient reaches, with their operations.
    """

    inputs: int
    results: tuple[Flow | None, ...]
    writes: tuple[tuple[Place, str], ...] = ()


def summary_of(graph: fx.Graph, is_users: Callable[[str], bool]) -> Summary | None:
    """Read a graph; None where it is too large, or of another form than those of `torch.compile`.

    Args:
        graph: As it is handed to the backend.
        is_users: Whether a file is the user's.
    """
    if len(graph.nodes) > MOST_NODES:
        return None
    reader = _Reader(is_users)
    for node in graph.nodes:
        reader.read(node)
    if reader.results is None:
        return None
    return Summary(reader.inputs, tuple(reader.results), tuple(reader.writes))


class _Reader:
    def __init__(self, is_users: Callable[[str], bool]) -> None:
        self.inputs = 0
        self.results: list[Flow | None] | None = None
        self.writes: list[tuple[Place, str]] = []
        self._is_users = is_users
        self._flows: dict[fx.Node, Flow] = {}
        self._is_off = False

    def read(self, node: fx.Node) -> None:
        if node.op == "placeholder":
            bit = 1 << self.inputs
            self.inputs += 1
            requires_grad = getattr(node.meta.get("example_value"), "requires_grad", False)
            self._flows[node] = Flow(seen=bit, live=bit if requires_grad else 0)
        elif node.op == "output":
            returned = node.args[0]
            if isinstance(returned, (tuple, list)):
                self.results = [self._flows.get(one) if isinstance(one, fx.Node) else None for one in returned]
        elif node.op in ("call_function", "call_method", "call_module"):
            self._read_call(node)

    def _read_call(self, node: fx.Node) -> None:
        name = _name_of(node)
        if name == "_set_grad_enabled":
            self._is_off = node.args[0] is False
            return
        if name in ("_enter_inference_mode", "_exit_inference_mode"):
            self._is_off = name == "_enter_inference_mode"
            return
        inputs = [one for one in node.all_input_nodes if one in self._flows]
        if name in LIKENESSES:
            inputs = inputs[:1]
        flow = Flow()
        for one in [] if name in FACTORIES else inputs:
            flow.join(self._flows[one])
        lines = user_lines(node.stack_trace, self._is_users)
        flow.place = place_at(lines[0] if lines else None) or (self._flows[inputs[0]].place if inputs else None)
        value = node.meta.get("example_value")
        key = self._cut_at(name, node, value, flow, lines)
        if key is not None:
            flow.cut(key)
        self._flows[node] = flow
        if name in _WRITES or Operation.is_in_place(name):
            if flow.live:
                self.writes.append((flow.place, name))
            self._write(node, flow, inputs)

    def _write(self, node: fx.Node, flow: Flow, inputs: list[fx.Node]) -> None:
        """What is written into a tensor is in it from then on, and in what it is a view of."""
        target: Any = inputs[0] if inputs else None
        for _ in range(MOST_ALIASES):
            if target is None:
                return
            renewed = Flow(place=flow.place)
            renewed.join(self._flows[target])
            renewed.join(flow)
            self._flows[target] = renewed
            is_view = target.op in ("call_function", "call_method") and _name_of(target) in _ALIASES
            target = next((one for one in target.all_input_nodes if one in self._flows), None) if is_view else None

    def _cut_at(
        self, name: str, node: fx.Node, value: object, flow: Flow, lines: list[tuple[str, int, str]]
    ) -> CutKey | None:
        """Return the cut that an operation is; None where the gradient goes on, or none comes."""
        if not flow.live:
            return None
        at = flow.place
        if not isinstance(value, torch.Tensor):
            # A size is no value; of several tensors, what is taken out of them says more.
            return CutKey("item", at, name, at) if name in _NUMBERS else None
        if value.requires_grad:
            if name in ROUNDINGS:
                return CutKey("rounding", at, name, at)
            return CutKey("draw", at, name, at) if name in DRAWS else None
        if name in ("detach", "detach_"):
            return CutKey("detach", at, name, at)
        if name == "data":
            return CutKey("data", at, name, at)
        if self._is_off:
            mode, entry = turned_off_at(lines)
            return CutKey(mode, entry, name, at)
        if (
            name == "getitem"
            and node.all_input_nodes
            and isinstance(node.all_input_nodes[0].meta.get("example_value"), (tuple, list))
        ):
            name = _name_of(node.all_input_nodes[0])
        kind = Operation.kind_of(name)
        is_number = value.dtype.is_floating_point or value.dtype.is_complex
        if kind == "index" and is_number:
            kind = "other"
        if kind == "other" and not is_number:
            kind = "integer"
        return CutKey(kind, at, name, at)


_ALIASES: Final = ALIASES | {"getitem"}
_NAMES: Final[Mapping[Any, str]] = {operator.setitem: "setitem", operator.getitem: "getitem"}


def _name_of(node: fx.Node) -> str:
    """Return the name of an operation as a mode would be shown it."""
    if isinstance(node.target, str):
        return node.target.rsplit(".", 1)[-1]
    name = _NAMES.get(node.target) or str(getattr(node.target, "__name__", node.target))
    return {"_get_data_attr": "data"}.get(name, name)
