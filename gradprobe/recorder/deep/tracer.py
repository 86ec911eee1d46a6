"""Follows values from tensor to tensor while it looks: gives each tensor a node, and each loss its answer."""

from __future__ import annotations

import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import torch
from torch._C._functorch import maybe_current_level

from gradprobe.recorder.deep import graph
from gradprobe.recorder.deep.cuts import Cuts
from gradprobe.recorder.deep.escapes import Escapes
from gradprobe.recorder.deep.grad_modes import GradModes
from gradprobe.recorder.deep.leaves import Leaves, Write
from gradprobe.recorder.deep.node import FROZEN, NO_CUTS, Node, Place, cut_off, merged
from gradprobe.recorder.deep.operations import ALIASES, DRAWS, FACTORIES, LIKENESSES, REWRAPS, ROUNDINGS, Operation
from gradprobe.recorder.guard import Unseen
from gradprobe.recorder.sites import Sites
from gradprobe.recorder.weak_map import WeakMap

if TYPE_CHECKING:
    from gradprobe.recorder.deep.deep import Deep
    from gradprobe.recorder.deep.watching import Watcher
    from gradprobe.values import Site

MOST_ALIASES: Final = 24
"""Tensors that are looked through for the one whose memory they share."""
REPORTED_EVERY: Final = 512
"""Operations after which it is reported that many were looked at."""
KEPT_OPERATIONS: Final = 200_000
"""Operations after which the same is forgotten as after `KEPT_STEPS`."""
KEPT_STEPS: Final = 8
"""Steps after which it is forgotten how a value was made that a later step made use of: a running mean has no beginning."""
MOST_PARENTS: Final = 4096
"""Tensors among an operation's arguments that are followed."""
_RANDOM_FILLS: Final = frozenset(
    {
        *(
            "uniform_",
            "normal_",
            "kaiming_uniform_",
            "kaiming_normal_",
            "xavier_uniform_",
            "xavier_normal_",
            "trunc_normal_",
        ),
        *("orthogonal_", "sparse_", "exponential_", "cauchy_", "log_normal_", "geometric_", "random_", "bernoulli_"),
        *("_no_grad_uniform_", "_no_grad_normal_", "_no_grad_trunc_normal_"),
    }
)
_PAIRWISE: Final = frozenset({"broadcast_tensors", "atleast_1d", "atleast_2d", "meshgrid"})
"""Operations each of whose results comes from one of their arguments."""
_RANDOM_SOURCES: Final = frozenset({"randn", "rand", "randn_like", "rand_like", "normal", "randint", "bernoulli"})


@dataclass(slots=True)
class Seen:
    """An operation that has run (or is about to, or failed), as watchers see it.

    Attributes:
        operation: Which.
        args: Its arguments.
        kwargs: Its keyword arguments.
        tensors: The tensors among them, in order.
        nodes: Their nodes.
        result: What it returned; None before it ran or where it failed.
        node: The node of its (first) result; None likewise.
        place: The user's line.
        grad_enabled: Whether gradients were on.
    """

    operation: Operation
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    tensors: list[torch.Tensor]
    nodes: list[Node]
    result: Any
    node: Node | None
    place: Place
    grad_enabled: bool

    def argument(self, position: int, name: str, default: Any = None) -> Any:
        """Return an argument by its position or name."""
        return self.args[position] if len(self.args) > position else self.kwargs.get(name, default)


class Tracer:
    """Keeps the nodes of living tensors.

    Attributes:
        looks: Whether operations are looked at: in a deep step, outside of optimizers and backward.
        leaves: Parameters and other leaves.
        cuts: The cuts that were met.
        modes: Grad modes in force.
        caller: The user's line that called the function of the place that was asked for last.
        used: Bits of the parameters that were used for something that a gradient comes back from.
        handed_over: For cuts whose result was told to require a gradient, the bits of those leaves.
        step: The training step that is being made.
        operations: Operations looked at so far.
        seconds: Time spent looking.
        failure: The newest operation that raised, without its tensors.
        failed_with: Identity of what it raised.
        deep: Whose tracer it is.
    """

    def __init__(self, sites: Sites, watchers: Iterable[Watcher] = ()) -> None:
        self.sites = sites
        self.leaves = Leaves()
        self.cuts = Cuts()
        self.modes = GradModes(sites)
        self.escapes = Escapes()
        self.used = 0
        self.caller: Place = None
        self.checkpointed_at: Place = None
        self.handed_over: dict[int, int] = {}
        self.looks = False
        self.step = 0
        self.operations = 0
        self.sequence = 0
        self.seconds = 0.0
        self.failure: Seen | None = None
        self.failed_with = 0
        self.thread = threading.get_ident()
        self.on_fault: Callable[[Exception], None] | None = None
        self.on_many: Callable[[], None] | None = None
        self._next_report = REPORTED_EVERY
        self.on_refusal: Callable[[BaseException, Site], None] | None = None
        self.deep: Deep
        self._nodes: WeakMap[torch.Tensor, Node] = WeakMap()
        self._carried: deque[tuple[int, int, Node]] = deque()
        self._after: dict[str, list[Watcher]] = {}
        self._before: dict[str, list[Watcher]] = {}
        self._failed: dict[str, list[Watcher]] = {}
        self._everything: list[Watcher] = []
        self.watchers = tuple(watchers)
        for watcher in self.watchers:
            for method, table in (("after", self._after), ("before", self._before), ("failed", self._failed)):
                if getattr(watcher, method) is not None:
                    for name in watcher.operations:
                        table.setdefault(name, []).append(watcher)
        self._every = self._after.pop("*", [])

    # What the mode calls

    def before(self, operation: Operation, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Look at an operation that is about to run."""
        watchers = self._before.get(operation.name)
        if watchers and not is_transforming():
            try:
                tensors, nodes = self._inputs(operation, args, kwargs)
                place = self.place(sys._getframe(2))
                seen = Seen(operation, args, kwargs, tensors, nodes, None, None, place, torch.is_grad_enabled())
                with Unseen():
                    for watcher in watchers:
                        assert watcher.before is not None
                        watcher.before(self, seen)
            except Exception as error:
                self._fault(error)

    def failed(self, operation: Operation, args: tuple[Any, ...], kwargs: dict[str, Any], error: BaseException) -> None:
        """Look at an operation that raised."""
        if not self.looks or id(error) == self.failed_with or is_transforming():
            return
        try:
            tensors, nodes = self._inputs(operation, args, kwargs)
            place = self.place(sys._getframe(2))
            self.failure = Seen(operation, args, kwargs, [], nodes, None, None, place, torch.is_grad_enabled())
            self.failed_with = id(error)
            seen = Seen(operation, args, kwargs, tensors, nodes, None, None, place, torch.is_grad_enabled())
            self.failure.args, self.failure.kwargs = (), {}
            known = self.deep.noted
            with Unseen():
                for watcher in self._failed.get(operation.name, ()):
                    assert watcher.failed is not None
                    watcher.failed(self, seen, error)
            if self.deep.noted > known and self.on_refusal is not None:
                self.on_refusal(error, self.deep.site(place))
        except Exception as fault:
            self._fault(fault)

    def after(self, operation: Operation, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> None:
        """Give what an operation made its node."""
        if not self.looks:
            return
        began = time.perf_counter()
        try:
            with torch._C.DisableTorchFunctionSubclass(), Unseen():
                self._after_operation(operation, args, kwargs, result, sys._getframe(2))
            self.seconds += time.perf_counter() - began
            self.count()
        except Exception as error:
            self._fault(error)

    def count(self) -> None:
        """Report when many operations were looked at since the last report."""
        if self.operations >= self._next_report and self.on_many is not None:
            self._next_report = self.operations + REPORTED_EVERY
            self.on_many()

    def gradient_read(self, tensor: torch.Tensor, frame: FrameType) -> None:
        """Note that something reads a tensor's gradient."""
        try:
            self.deep.books.gradient_read(tensor, frame)
        except Exception as error:
            self._fault(error)

    # Nodes

    def node_of(self, tensor: torch.Tensor) -> Node | None:
        """Return the node of a tensor, None where it was never met."""
        return self._nodes.get(tensor)

    def node(self, tensor: torch.Tensor) -> Node:
        """Return the node of a tensor, a new one where it was not met before."""
        known = self._nodes.get(tensor)
        if known is not None:
            return known
        if graph.is_leaf(tensor) and (tensor.requires_grad or isinstance(tensor, torch.nn.Parameter)):
            node = self._new("parameter", None, (), tensor)
            node.leaf = 1 << self.leaves.of(tensor).number
        elif (graph_node := graph.grad_fn_of(tensor)) is not None:
            node = self._new("opaque", None, (), tensor)
            node.live = graph.live_bits(graph_node, self.leaves)
        else:
            node = self._new("source", None, (), tensor)
        self.keep(tensor, node)
        return node

    def keep(self, tensor: torch.Tensor, node: Node) -> None:
        """Remember a tensor's node while the tensor lives."""
        self._nodes.set(tensor, node)

    def living(self) -> list[tuple[torch.Tensor, Node]]:
        """Return the tensors that are alive and were met, with their nodes."""
        return self._nodes.items()

    def place(self, frame: FrameType | None) -> Place:
        """Return the user's line from a frame outward."""
        found = self.sites.user_frame(frame)
        self.caller = None
        if found is None:
            return None
        outer = found.f_back
        for _ in range(12):  # Between two functions of the user's stand a few frames of `nn.Module`.
            if outer is None:
                break
            if self.sites.is_user_file(outer.f_code.co_filename):
                self.caller = (outer.f_code, outer.f_lineno or 0)
                break
            outer = outer.f_back
        return found.f_code, found.f_lineno or 0

    def chain(self, frame: FrameType | None) -> tuple[Place, ...]:
        """Return the user's lines from a frame outward, innermost first."""
        return tuple((one.f_code, one.f_lineno or 0) for one in self.sites.user_chain(frame))

    def contributions(self, nodes: Sequence[Node], tensors: Sequence[torch.Tensor]) -> tuple[int, dict[int, int]]:
        """Return the live bits and the cuts of tensors together, as they are now."""
        live = 0
        cuts: Any = NO_CUTS
        for node, tensor in zip(nodes, tensors, strict=True):
            if node.leaf:
                if tensor.requires_grad:
                    live |= node.leaf
                else:
                    cuts = merged(cuts, {FROZEN: node.leaf})
            live |= node.live
            if node.cuts:
                cuts = merged(cuts, node.cuts)
        return live, cuts

    def end_window(self) -> None:
        """Forget how living tensors were made, but not which parameters are in them: looking ends for a while."""
        for node in self._nodes.values():
            node.parents = ()
            node.writes = None
        self._carried.clear()
        self.escapes.forget()

    def forget_old(self) -> None:
        """Forget how values were made that were carried into another step, some steps or very many operations ago."""
        carried, oldest = self._carried, (self.step - KEPT_STEPS, self.operations - KEPT_OPERATIONS)
        while carried and (carried[0][0] <= oldest[0] or carried[0][1] <= oldest[1]):
            carried.popleft()[2].parents = ()

    def made(
        self,
        name: str,
        kind: str,
        inputs: tuple[list[torch.Tensor], list[Node]],
        outputs: Sequence[torch.Tensor],
        place: Place,
        *,
        extra: Sequence[Node] = (),
        certain: bool = True,
        constants: dict[int | str, Any] | None = None,
        in_place: bool = False,
    ) -> Node | None:
        """Give the results of an operation their nodes; return the first.

        Args:
            name: Name of the operation.
            kind: What it is called as a cut.
            inputs: Its tensors and their nodes.
            outputs: The tensors it returned.
            place: The user's line.
            extra: Nodes of values that came back from outside of torch.
            certain: Whether these were found by identity.
            constants: Scalar arguments.
            in_place: Whether a result may be one of the inputs, written to.
        """
        tensors, nodes = inputs
        if name in LIKENESSES:
            nodes, tensors = nodes[:1], tensors[:1]
        live, cuts = (0, NO_CUTS) if name in FACTORIES else self.contributions(nodes, tensors)
        for node in extra:
            cuts = merged(cuts, node.cuts if certain else self.cuts.doubtful(node.cuts))
        parents = (*nodes, *extra)
        if live & self.deep.ranks.wrappers.awaited and any(output.requires_grad for output in outputs):
            self.deep.ranks.wrappers.used(self.deep, live, sys._getframe(1))
        if live & ~self.used:
            self.note_use(nodes, place, outputs)
        first = None
        for output in outputs:
            if any(output is tensor for tensor in tensors) and not in_place:
                first = first or self.node(output)  # `x.to(x.dtype)` is x.
                continue
            new_live, new_cuts = live, cuts
            if live and (name in ROUNDINGS or (name in DRAWS and output.requires_grad)):
                number = self.cuts.number("rounding" if name in ROUNDINGS else "draw", place, name, place)
                new_live, new_cuts = 0, cut_off(cuts, number, live)
            elif live and not output.requires_grad:
                number = self._cut(name, kind, place, output)
                new_live, new_cuts = 0, cut_off(cuts, number, live)
            node = self._new(name, place, parents, output)
            node.caller = self.caller
            node.live, node.cuts, node.certain = new_live, new_cuts, certain
            node.constants = constants
            if graph.is_leaf(output) and output.requires_grad and not live:  # `torch.randn(3, requires_grad=True)`
                node.leaf = 1 << self.leaves.of(output, place).number
            self.keep(output, node)
            graph_node = graph.grad_fn_of(output)
            if graph_node is not None:
                graph_node.metadata["gradprobe"] = node
            first = first or node
        return first

    def made_compiled(
        self, output: torch.Tensor, parents: tuple[Node, ...], place: Place, *, live: int, cuts: Mapping[int, int]
    ) -> None:
        """Give a result of a compiled graph its node.

        Args:
            output: The result.
            parents: The arguments it comes from.
            place: The user's line that made it.
            live: Bits of the parameters that its gradient reaches.
            cuts: Bits of the parameters whose value came through a cut.
        """
        node = self._new("compiled", place, parents, output)
        node.live, node.cuts = live, cuts
        self.keep(output, node)
        graph_node = graph.grad_fn_of(output)
        if graph_node is not None:
            graph_node.metadata["gradprobe"] = node
            graph.note_compiled(graph_node, live, self.leaves)

    def note_use(self, nodes: Sequence[Node], place: Place, outputs: Iterable[torch.Tensor]) -> None:
        """Note where a parameter was first used for something that a gradient comes back from."""
        if not any(output.requires_grad and not graph.is_leaf(output) for output in outputs):  # `x.to(x.dtype)` is x.
            return
        chain = self.chain(sys._getframe(1))
        for node in nodes:
            if node.leaf & ~self.used:
                leaf = self.leaves.at(node.leaf.bit_length() - 1)
                leaf.used_at, leaf.used_chain = place, chain
                self.used |= node.leaf

    def _new(self, name: str, place: Place, parents: tuple[Node, ...], tensor: torch.Tensor | None) -> Node:
        self.sequence += 1
        for parent in parents:
            if parent.step < self.step and parent.parents:
                self._carried.append((self.step, self.operations, parent))
        return Node(name, place, parents, tensor, self.sequence, self.step)

    def _cut(self, name: str, kind: str, place: Place, output: torch.Tensor) -> int:
        if kind in ("detach", "data"):
            return self.cuts.number(kind, place, name, place)
        if not torch.is_grad_enabled():
            entry = self.modes.in_force()
            if entry is not None:
                is_sample = "/torch/distributions/" in entry.library.replace("\\", "/")
                return self.cuts.number("sample" if is_sample else entry.kind, entry.place, name, place)
            return self.cuts.number("no_grad", place, name, place)
        if kind == "index" and output.dtype.is_floating_point:
            kind = "other"
        if kind == "other" and not (output.dtype.is_floating_point or output.dtype.is_complex):
            kind = "integer"
        return self.cuts.number(kind, place, name, place)

    # An operation

    def _after_operation(
        self, operation: Operation, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any, frame: FrameType
    ) -> None:
        self.operations += 1
        name = operation.name
        if operation.is_set:
            self._after_set(operation, args, self.place(frame))
            return
        tensors, nodes = self._inputs(operation, args, kwargs)
        if operation.escape:
            if nodes:
                self._after_escape(operation, tensors, nodes, result, self.place(frame))
            return
        outputs = _tensors_in(result)
        if not outputs and not operation.in_place:
            return
        place = self.place(frame)
        constants = _constants(args, kwargs)
        extra: list[Node] = []
        certain = True
        if name in REWRAPS:
            value = _argument(args, kwargs, 1, "fill_value") if "full" in name else args[0] if args else None
            extra, certain = self._returned(value, place)
        elif constants and self.escapes.any_numbers:
            for value in constants.values():
                if isinstance(value, float):
                    extra += self.escapes.find(value)[0]
            certain = not extra
        node: Node | None
        if name in _PAIRWISE and len(outputs) == len(tensors):
            for position, output in enumerate(outputs):
                one = ([tensors[position]], [nodes[position]])
                node = self.made(name, operation.kind, one, [output], place)
            return
        if operation.in_place or kwargs.get("out") is not None:
            node = self._after_write(operation, args, kwargs, tensors, nodes, place, extra)
        else:
            node = self.made(
                name,
                operation.kind,
                (tensors, nodes),
                outputs,
                place,
                extra=extra,
                certain=certain,
                constants=constants,
            )
        if name == "embedding" and len(nodes) > 1 and _argument(args, kwargs, 3, "max_norm") is not None:
            self._note_write(nodes[1], "renorm_", place)  # Rows that are looked up are scaled down in place.
        watchers = self._after.get(name)
        if (watchers or self._every) and not is_transforming():
            seen = Seen(operation, args, kwargs, tensors, nodes, result, node, place, torch.is_grad_enabled())
            for watcher in (*(watchers or ()), *self._every):
                assert watcher.after is not None
                watcher.after(self, seen)

    def _returned(self, value: Any, place: Place) -> tuple[list[Node], bool]:
        """Return what the values came from of which a tensor is made."""
        if value is None or isinstance(value, torch.Tensor):
            return [], True
        found, certain = self.escapes.find(value)
        if not found and isinstance(value, (list, np.ndarray)):
            return self.escapes.nearby(place), False
        return found, certain

    def _after_escape(
        self, operation: Operation, tensors: list[torch.Tensor], nodes: list[Node], result: Any, place: Place
    ) -> None:
        """Remember a value that leaves torch, if a parameter is in it."""
        if operation.name in ("numpy", "__array__"):
            self.deep.taken.use(tensors[0])
        live, cuts = self.contributions(nodes[:1], tensors[:1])
        if not live and not cuts:
            return
        name = {"__float__": "item", "__int__": "item", "__index__": "item", "__array__": "numpy"}.get(
            operation.name, operation.name
        )
        kind = "numpy" if name == "numpy" else "item"
        node = self._new(name, place, (nodes[0],), None)
        node.cuts = cut_off(cuts, self.cuts.number(kind, place, name, place), live) if live else cuts
        self.escapes.note(result, node)

    def _after_set(self, operation: Operation, args: tuple[Any, ...], place: Place) -> None:
        """`x.data = y` and `x.requires_grad = False`."""
        tensor = args[0]
        if operation.name == "requires_grad":
            self.note_requires_grad(tensor, bool(args[1]), place)
            return
        value = args[1]
        if value is tensor:
            return  # What `module.cpu()` does where everything is on the host already.
        node = self.node(tensor)
        self._note_write(node, ".data", place, self.node(value) if isinstance(value, torch.Tensor) else None)

    def note_requires_grad(self, tensor: torch.Tensor, value: bool, place: Place) -> None:
        """Note that a leaf was told whether to require a gradient."""
        if not graph.is_leaf(tensor):
            return
        leaf = self.leaves.of(tensor, place)
        if not value:
            leaf.frozen_at, leaf.frozen_by_user = place, True
            leaf.frozen_after_built = leaf.is_owned
        else:
            leaf.frozen_at, leaf.frozen_by_user = None, False
            node = self.node(tensor)
            if not node.leaf:  # Data that becomes a leaf, a loss that is given a graph of its own.
                node.leaf = 1 << leaf.number
                for number in node.cuts:
                    self.handed_over[number] = self.handed_over.get(number, 0) | node.leaf

    def _after_write(
        self,
        operation: Operation,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        tensors: list[torch.Tensor],
        nodes: list[Node],
        place: Place,
        extra: Sequence[Node],
    ) -> Node | None:
        """An in-place operation, or one with `out=`: the tensor it wrote to gets a new node, its old ones a note."""
        target = tensors[0] if operation.in_place and tensors else kwargs.get("out")
        if not isinstance(target, torch.Tensor):
            return None
        name = operation.name
        if name == "requires_grad_":
            self.note_requires_grad(
                target, bool(args[1] if len(args) > 1 else kwargs.get("requires_grad", True)), place
            )
            return self.node(target)
        old = self.node(target)
        sources = [node for node, tensor in zip(nodes, tensors, strict=True) if tensor is not target]
        self._note_write(old, name, place, *sources)
        if old.leaf and graph.is_leaf(target) and isinstance(target, torch.nn.Parameter):
            return old
        node = self.made(name, operation.kind, (tensors, nodes), [target], place, extra=extra, in_place=True)
        base = target._base
        if base is not None and node is not None:
            self._write_through_view(base, node, name, place, extra)
        return node

    def _write_through_view(
        self, base: torch.Tensor, node: Node, name: str, place: Place, extra: Sequence[Node]
    ) -> None:
        """A write to a view changes the tensor it is a view of."""
        old = self.node(base)
        if old.leaf and isinstance(base, torch.nn.Parameter):
            return
        renewed = self._new(name, place, (old, node), base)
        renewed.live = (old.live | node.live) if base.requires_grad else 0
        renewed.cuts = merged(old.cuts, node.cuts)
        self.keep(base, renewed)
        graph_node = graph.grad_fn_of(base)
        if graph_node is not None:
            graph_node.metadata["gradprobe"] = renewed

    def _note_write(self, node: Node, name: str, place: Place, *sources: Node | None) -> None:
        """Note a write at a node, and at those that share its memory."""
        self.sequence += 1
        write = (self.sequence, name, place, self.step)
        bits = 0
        for source in sources:
            bits |= 0 if source is None else source.bits | source.leaf
        current: Node | None = node
        for _ in range(MOST_ALIASES):
            if current is None:
                break
            current.writes = [*(current.writes or ())[-15:], write]
            if current.operation == "data":  # Autograd does not see what is written through it.
                write = (self.sequence, f".data.{name}", place, self.step)
            if current.leaf:
                leaf = self.leaves.at(current.leaf.bit_length() - 1)
                leaf.note_write(Write(name, place, self.step, bits), trains=bool(self.deep.backwards))
                self.deep.books.written(leaf, name, place, sources, node)
                leaf.initialised = leaf.initialised or name in _RANDOM_FILLS
                leaf.copied = leaf.copied or name in ("copy_", "data", "__setitem__")
            is_same = current.operation in ALIASES or Operation.is_in_place(current.operation)
            current = current.parents[0] if is_same and current.parents else None

    def _inputs(
        self, operation: Operation, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[list[torch.Tensor], list[Node]]:
        tensors: list[torch.Tensor] = []
        for value in args:
            if isinstance(value, torch.Tensor):
                tensors.append(value)
            elif type(value) in (list, tuple):
                tensors += [one for one in value[:MOST_PARENTS] if isinstance(one, torch.Tensor)]
        for value in kwargs.values():
            if isinstance(value, torch.Tensor):
                tensors.append(value)
        return tensors, [self.node(tensor) for tensor in tensors]

    def _fault(self, error: Exception) -> None:
        self.looks = False
        if self.on_fault is not None:
            self.on_fault(error)


def is_transforming() -> bool:
    """Return whether `torch.func` or `torch.jit.trace` is at work.

    A tensor then stands for many, or for any, and its values cannot be read; what is computed with it would go into the trace.
    """
    return maybe_current_level() is not None or torch._C._get_tracing_state() is not None


def _argument(args: tuple[Any, ...], kwargs: dict[str, Any], position: int, name: str) -> Any:
    return args[position] if len(args) > position else kwargs.get(name)


def _tensors_in(result: Any) -> list[torch.Tensor]:
    if isinstance(result, torch.Tensor):
        return [result]
    if isinstance(result, (list, tuple)):
        found = []
        for one in result:
            if isinstance(one, torch.Tensor):
                found.append(one)
            elif isinstance(one, (list, tuple)):
                found += [inner for inner in one if isinstance(inner, torch.Tensor)]
        return found
    return []


def _constants(args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[int | str, Any] | None:
    found: dict[int | str, Any] | None = None
    for position, value in enumerate(args):
        if isinstance(value, (float, int, str, bool)):
            found = {} if found is None else found
            found[position] = value
    for name, value in kwargs.items():
        if isinstance(value, (float, int, str, bool)):
            found = {} if found is None else found
            found[name] = value
    return found
