"""The deep steps of a recording, from its start to its end: when to look, and what goes to the record."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import warnings
import weakref
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, replace
from types import CodeType, FrameType
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from gradprobe.record.rows import AccountRow
from gradprobe.record.writer import RecordWriter
from gradprobe.recorder.deep import graph, stack
from gradprobe.recorder.deep.boundaries import function_applied, install_boundaries
from gradprobe.recorder.deep.built_modules import BuiltModules
from gradprobe.recorder.deep.finite.births import Birth, can_be_looked_at, is_finite
from gradprobe.recorder.deep.finite.sentinels import Sentinel, find_sentinels, look
from gradprobe.recorder.deep.finite.traces import Trace, origin_in, trace_of
from gradprobe.recorder.deep.grad_modes import install_grad_modes
from gradprobe.recorder.deep.importlib_bootstrap_mode import DeepMode, warn_around
from gradprobe.recorder.deep.leaks import Leaks
from gradprobe.recorder.deep.leaves import Leaf, Write
from gradprobe.recorder.deep.node import FROZEN, Node, Place, positions_of
from gradprobe.recorder.deep.operations import HALVES
from gradprobe.recorder.deep.ownership.books import Books
from gradprobe.recorder.deep.ownership.flags import Flags
from gradprobe.recorder.deep.ownership.loads import Loads
from gradprobe.recorder.deep.ownership.moves import Moves
from gradprobe.recorder.deep.ownership.samples import Samples
from gradprobe.recorder.deep.ownership.selves import Selves
from gradprobe.recorder.deep.ownership.stray_samples import StraySamples
from gradprobe.recorder.deep.ownership.taken import Taken
from gradprobe.recorder.deep.ownership.unowned import Unowned
from gradprobe.recorder.deep.ownership.update_ratios import UpdateRatios
from gradprobe.recorder.deep.postmortem.examine import examine
from gradprobe.recorder.deep.postmortem.unfinished import look_at_reduction
from gradprobe.recorder.deep.reach import Reach, cut_values
from gradprobe.recorder.deep.tracer import Tracer, is_transforming
from gradprobe.recorder.deep.watchers import WATCHERS
from gradprobe.recorder.deep.watchers.halved import given_at
from gradprobe.recorder.deep.watchers.refused_losses import look_at_traceback
from gradprobe.recorder.deep.watching import Watcher
from gradprobe.recorder.deep.window import FIRST_STEPS, Window
from gradprobe.recorder.forks import in_forked_child
from gradprobe.recorder.guard import Guard
from gradprobe.recorder.layout import Layout, optimizer_parameters
from gradprobe.recorder.patches import Patches
from gradprobe.recorder.scaling import Scaling
from gradprobe.recorder.sites import Sites
from gradprobe.values import Observation, Observed, RelatedSite, Site
from gradprobe.values.observations import Detail

if TYPE_CHECKING:
    from gradprobe.recorder.ranks.ranks import Ranks

WRITE_EVERY: Final = 16
"""Deep steps between two writings of what is a list over all of them."""

P = ParamSpec("P")
R = TypeVar("R")

MOST_REACHES: Final = 512
"""Different backward calls whose losses are followed."""
MOST_PEEKS: Final = 3
"""Backward calls from one line, before a deep step has seen it, whose graphs are walked."""
UNKNOWN: Final = Site("<unknown>", 0)


@dataclass(frozen=True, slots=True)
class BackwardMark:
    """A backward call: where, up to which node of autograd its graph went, whether it kept the graph, and had a gradient given."""

    site: Site
    newest: int
    retained: bool
    weighted: bool = False


@dataclass(frozen=True, slots=True)
class StepMark:
    """A step of an optimizer: where, and when in the order of operations."""

    site: Site
    sequence: int
    optimizer: weakref.ref[torch.optim.Optimizer]
    chain: tuple[Place, ...] = ()

    def wrote_to(self, tensor: torch.Tensor) -> bool:
        """Return whether the optimizer holds a tensor."""
        optimizer = self.optimizer()
        return optimizer is not None and any(tensor is one for one in optimizer_parameters(optimizer))


class Deep:
    """Looks in deep steps, and keeps what was seen until the step has ended and parameters have their names.

    Attributes:
        tracer: Follows values.
        window: Decides when.
        built_modules: Where activations were built.
        ranks: What is noted for other ranks to be held against.
        scaling: Whether a gradient scaler's factor is on the gradients.
        books: Which leaves are owned, and how they came to be.
        taken: Which gradients the script takes for itself.
        ratios: By how much a step moves a root module.
        samples: Whether parameters move.
        stray_samples: Whether leaves without an owner do.
        selves: Parameters that are copied onto themselves.
        loads: States that are loaded into modules.
        flags: Modules with an attribute that only tensors are to have.
        moves: What is said of parameters that do not move, or not for long.
        unowned: What is said of leaves that a loss trains and no optimizer owns.
        on_mode: Called with a layer that computed in evaluation mode without gradients (False) or in training mode with them (True).
        backwards: The newest backward calls in deep steps: (site, sequence when it began, step), oldest first.
        backward_marks: The newest backward calls in any step, the one that runs as the last.
        optimizer_steps: The newest steps of optimizers.
        births: Values that are not finite that were born in the step that is being made.
        failure: What went wrong within an operation, until it is told.
        noted: How many observations were noted.
        compiled_writes: Lines of compiled code that wrote in place in the step that is being made, with their operations.
        hunts: Whether every operation's result is looked at, not only those that can bear such a value.
    """

    def __init__(
        self,
        writer: RecordWriter,
        layout: Layout,
        sites: Sites,
        guard: Guard,
        *,
        overhead: float = 0.02,
        chosen: Container[int] | None = None,
        is_child: bool = False,
    ) -> None:
        """Prepare to look.

        Args:
            writer: The record.
            layout: Where parameters have their positions.
            sites: Whose code is whose.
            guard: What the hooks run behind.
            overhead: What recording may cost, as a share of the run's time.
            chosen: The steps to look at, where the user chose them.
            is_child: Whether a recorded process has started this one.
        """
        self.writer = writer
        self.layout = layout
        self.tracer = Tracer(sites, [one if isinstance(one, Watcher) else one() for one in WATCHERS])
        self.tracer.on_fault = self._fault
        self.tracer.deep = self
        self.window = Window(overhead, chosen, is_child=is_child)
        self.built_modules = BuiltModules()
        self.scaling = Scaling()
        self.books = Books(self)
        self.taken = Taken()
        self.ratios = UpdateRatios(self._root_of)
        self.samples = Samples(self)
        self.stray_samples = StraySamples(self)
        self.unowned = Unowned(self)
        self.moves = Moves(self)
        self.selves = Selves(self)
        self.loads = Loads(self)
        self.ranks: Ranks
        self.backwards: list[tuple[Site, int, int]] = []
        self.backward_marks: list[BackwardMark] = []
        self.halved_by_default: Site | None = None
        self.on_mode: Callable[[torch.nn.Module, bool], None] | None = None
        self.leaks = Leaks(self)
        self.flags = Flags(self)
        self.optimizer_steps: list[StepMark] = []
        self.births: list[Birth] = []
        self.hunts = False
        self.failure: Exception | None = None
        self.compiled_writes: set[tuple[Place, str]] = set()
        self._born: list[Birth] = []
        self._told_births: dict[Site, int] = {}
        self._traces: dict[Site, Trace | None] = {}
        self._sentinels: dict[Site, tuple[Sentinel, ...]] = {}
        self._non_finite_steps = 0
        self._most_zeros = 0
        self._roots: list[weakref.ref[torch.Tensor]] = []
        self._guard = guard
        self._sites = sites
        self._mode = DeepMode(self.tracer)
        self._mode_stands = False
        self._paused = False
        self._aside = 0
        self._able = True
        self._reaches: dict[tuple[Site, str], Reach] = {}
        self._pending: list[Observed] = []
        self.noted = 0
        self._accounts: dict[int, AccountRow] = {}
        self._held_back: dict[int, AccountRow] = {}
        self._seen_deep: set[Site] = set()
        self._peeked: dict[Site, int] = {}
        self._looked_seconds = 0.0
        self._looked_operations = 0
        self._looked_hooks = 0.0
        self._has_backward = False
        self._places: dict[tuple[CodeType, int], Site] = {}

    # Lifetime

    def start(self, patches: Patches) -> None:
        """Begin to look, if the first step is a deep one."""
        patches.on_undo(self._stop)
        self.tracer.on_many = self._many_looked_at
        self.tracer.modes.on_enter = self._take_off_if_shut
        install_grad_modes(self.tracer.modes, patches)
        install_boundaries(self, patches)
        patches.replace(warnings, "warn", warn_around(warnings.warn))
        in_forked_child(self._stop)
        self._update()

    def give_up_looking(self) -> None:
        """Never look again: something in the way is not known to this gradprobe."""
        self._able = False
        self._update()

    def _stop(self) -> None:
        self._able = False
        self._update()

    # When to look

    @property
    def is_looking(self) -> bool:
        """Whether operations are looked at now."""
        return self.tracer.looks

    def pause(self) -> None:
        """Do not look until `resume`: an optimizer's own operations, or what a backward runs."""
        if self.is_training_thread:
            self._paused = True
            self._update()

    def resume(self) -> None:
        """Look again.

        Raises:
            Exception: What failed in an operation that was looked at: only now, outside of it, can the mode be taken off.
        """
        if self.failure is not None and not self._mode.depth:
            failure, self.failure = self.failure, None
            raise failure
        self._paused = self._paused and not self.is_training_thread
        self._update()

    def step_aside(self, caller: int) -> None:
        """Take the mode off: compiled code is about to run.

        Args:
            caller: Identity of the frame that runs it, which will give it back; compiled code runs compiled code.
        """
        if not self._aside:
            self._aside = caller
            self._update()

    def step_back(self, caller: int) -> None:
        """Put the mode back: the compiled code that this frame ran is done."""
        if self._aside == caller:
            self._aside = 0
            self._update()

    @property
    def is_deep(self) -> bool:
        """Whether this step is looked at, though perhaps not what runs just now."""
        return self._able and self.window.is_open and not self._aside and self.is_training_thread

    @property
    def sees_compiled(self) -> bool:
        """Whether compiled code that runs now is followed: not operation by operation, but by its graph."""
        is_open = self._able and self.window.is_open and not self._paused
        return is_open and self._aside != 0 and self.is_training_thread

    @property
    def reaches(self) -> list[Reach]:
        """What each backward reached so far."""
        return list(self._reaches.values())

    @property
    def is_training_thread(self) -> bool:
        """Whether this is the thread whose operations are looked at: stacks of modes belong to threads."""
        return threading.get_ident() == self.tracer.thread

    def _update(self) -> None:
        if not self.is_training_thread:
            return
        stands = self._able and self.window.is_open and not self._aside and not self._paused
        if not self._mode.depth:  # Within an operation torch holds the mode back, and puts it where it was afterwards.
            self._mode_stands = stands
            if stands:
                stack.put(self._mode)
            else:
                stack.take(self._mode)
        self.tracer.looks = stands

    def _many_looked_at(self) -> None:
        """Look no more at a step that does not end: a process that only infers would be followed for ever, and remembered."""
        tracer = self.tracer
        tracer.forget_old()
        seconds, operations = tracer.seconds - self._looked_seconds, tracer.operations - self._looked_operations
        if self.window.is_open and self.window.is_enough(seconds, operations, has_backward=self._has_backward):
            self.window.shut(seconds, operations)
            tracer.end_window()
            self._born, self.births = [], []
            self.compiled_writes.clear()
            self._update()

    def _take_off_if_shut(self) -> None:
        """Take the mode off: torch would have put it back where an operation was the last to be looked at."""
        if self.window.is_shut and self._mode_stands:
            self._update()

    def want(self, steps: int = 1) -> None:
        """Ask for the next steps to be deep ones, because something turned."""
        self.window.want(steps)

    # What hooks report

    def backward_begins(
        self, roots: Sequence[torch.Tensor], site: Site, loss: str, *, retained: bool, weighted: bool = False
    ) -> None:
        """Follow the loss of a backward call back to its parameters."""
        tracer = self.tracer
        if not self.is_training_thread:
            return
        self.window.backward()
        self._has_backward = True
        newest = max((one.grad_fn._sequence_nr() for one in roots if one.grad_fn is not None), default=-1)
        self.backward_marks = [*self.backward_marks[-31:], BackwardMark(site, newest, retained, weighted)]
        self._roots = [weakref.ref(root) for root in roots]
        self._look_at_mode(roots, site)
        self._look_for_births(roots, site)
        self.books.reaches(0)
        if not tracer.looks and not self.sees_compiled:
            if site not in self._seen_deep and len(self._seen_deep) < MOST_REACHES:
                self.window.want(8, until_seen=True)
                self._peek(roots, site)
            return
        if site not in self._seen_deep:
            self._seen_deep.add(site)
            self.window.got()
        self.backwards = [*self.backwards[-31:], (site, tracer.sequence, tracer.step)]
        key = (site, loss)
        reach = self._reaches.get(key)
        if reach is None:
            if len(self._reaches) >= MOST_REACHES:
                return
            reach = self._reaches[key] = Reach(site, loss)
        for root in roots:
            node = reach.look(tracer, root)
            self.books.reaches(reach.newest | self.books.now)
            if self.ranks.wrappers:
                self.ranks.backward_reaches(reach.newest, site)
            for watcher in tracer.watchers:
                if watcher.backward is not None:
                    watcher.backward(tracer, root, node, site)

    def _peek(self, roots: Sequence[torch.Tensor], site: Site) -> None:
        """Follow the graph of a loss that no deep step has seen yet: at least which parameters it reaches."""
        self._peeked[site] = self._peeked.get(site, 0) + 1
        if self._peeked[site] > MOST_PEEKS or self._aside:
            return
        bits = 0
        for root in roots:
            graph_node = graph.grad_fn_of(root)
            bits |= 0 if graph_node is None else graph.live_bits(graph_node, self.tracer.leaves)
        self.books.reaches(bits)

    def _look_at_mode(self, roots: Sequence[torch.Tensor], site: Site) -> None:
        """Note a loss without a graph that is backpropagated while gradients are still turned off: they were left off."""
        entry = self.tracer.modes.in_force()
        if entry is None or any(root.requires_grad for root in roots) or torch.is_grad_enabled():
            return
        detail: dict[str, Detail] = {"kind": entry.kind, "is_call": entry.is_call, "step": entry.step}
        self.observe(
            Observation("gradients-off", self.site(entry.place), (RelatedSite(site, "backward"),), detail=detail)
        )

    def _look_for_births(self, roots: Sequence[torch.Tensor], site: Site) -> None:
        """Look for what is, or will be, not finite in losses that are about to be backpropagated."""
        if self._non_finite_steps > 2:
            return
        for root in roots:
            if self.tracer.looks:
                self._sentinels[site] = find_sentinels(self, root)
                self._traces[site] = trace_of(self, root)
                ancestors = {id(one) for one in self.tracer.node(root).ancestors()}
                self._born += [one for one in self.births if one.node is None or id(one.node) in ancestors]
            if not self._born and not self._non_finite_steps:
                self._born += look(self._sentinels.get(site, ()), root)
            if can_be_looked_at(root) and not is_finite(root):
                trace = self._traces.get(site)
                if not self._born and not self._non_finite_steps and trace is not None:
                    found = origin_in(trace, root)
                    self._born += [found] if found is not None else []
                self.turned_non_finite(site)
        self.births = []

    def turned_non_finite(self, site: Site) -> None:
        """Note that a loss or a gradient is not finite, and where that was born, if it is known.

        Args:
            site: The backward, or the optimizer's step, where it shows.
        """
        if self._non_finite_steps > 2:
            return
        self._non_finite_steps += 1
        by_site = {birth.site: birth for birth in reversed(self._born)}
        for birth in list(by_site.values())[::-1][:3]:
            detail: dict[str, Detail] = {
                "operation": birth.operation,
                "how": birth.how,
                "order": self._told_births.setdefault(birth.site, len(self._told_births)),
                "seen": birth.node is not None,
                "half": birth.node is not None and birth.node.dtype in HALVES,
            }
            self.observe(Observation("non-finite-born", birth.site, (RelatedSite(site, "shows here"),), detail=detail))
        self._born = []
        if not by_site:
            self.observe(Observation("non-finite-shown", site))
            self.hunts = True
            self.window.want(2)

    def backward_ended(self) -> None:
        """Look at the gradients that a backward left where no optimizer will use them."""
        if self.books.now and self.is_training_thread:
            self.stray_samples.look(self.books.now, self.tracer.step)

    def close_books(self, steps: int) -> None:
        """Read what is still on its way: the run has ended.

        Args:
            steps: Training steps there were.
        """
        self.samples.settle(wait=True)
        with contextlib.suppress(RuntimeError):  # The device has failed; what was read before stays.
            self.stray_samples.close(steps)

    def backward_failed(self, error: BaseException, site: Site) -> None:
        """Say what happened where a backward raised."""
        roots = [root for reference in self._roots if (root := reference()) is not None]
        if self.is_training_thread and roots:
            found = examine(self, roots, error, site)
            if found is not None:
                self.observe(found)

    def reduction_failed(self, error: BaseException, site: Site) -> None:
        """Say which parameters a DistributedDataParallel has waited for in vain, where that is what was raised."""
        if self.is_training_thread:
            look_at_reduction(self, error, site)

    def crashed(self, error: BaseException, site: Site) -> None:
        """Tell what is known before the run ends in an exception: which gradients were there, and what watchers know."""
        self.reduction_failed(error, site)
        if self.is_training_thread:
            look_at_traceback(self, error, site)
            held = [
                leaf.number for leaf, tensor in self.tracer.leaves.alive() if leaf.is_owned and tensor.grad is not None
            ]
            if held:
                names = tuple(self.name_of(number) for number in held)
                self.observe(Observation("gradients-at-crash", site, parameters=names))
        for watcher in self.tracer.watchers:
            if watcher.step_ended is not None and self.is_deep:
                watcher.step_ended(self.tracer)

    def optimizer_stepped(self, optimizer: torch.optim.Optimizer, site: Site) -> None:
        """Note that an optimizer has written to its parameters."""
        self.tracer.sequence += 1
        mark = StepMark(site, self.tracer.sequence, weakref.ref(optimizer), self.tracer.chain(sys._getframe(1)))
        self.optimizer_steps = [*self.optimizer_steps[-15:], mark]
        self.samples.after()
        self.stray_samples.optimizer_stepped()

    def function_applied(self, cls: type, args: tuple[Any, ...], result: Any, frame: FrameType) -> None:
        """Follow values through a custom function."""
        node = function_applied(self, cls, args, result, frame)
        if is_transforming():
            return
        for watcher in self.tracer.watchers:
            if watcher.function is not None and node is not None:
                watcher.function(self.tracer, cls, args, result, node)

    def array_wrapped(self, array: Any, tensor: torch.Tensor, frame: FrameType) -> None:
        """Follow values through an array that becomes a tensor."""
        tracer = self.tracer
        place = tracer.place(frame)
        found, certain = tracer.escapes.find(array)
        if not found:
            found, certain = tracer.escapes.nearby(place), False
        tracer.made("from_numpy", "tensor", ([], []), [tensor], place, extra=found, certain=certain)

    def parameter_made(self, parameter: Any, data: Any, frame: FrameType) -> None:
        """Note where a parameter was made, and of what."""
        if not isinstance(parameter, torch.Tensor):
            return
        tracer = self.tracer
        leaf = tracer.leaves.of(parameter, tracer.place(frame))
        leaf.made_chain, leaf.library = tracer.chain(frame), tracer.sites.is_in_library(frame)
        if parameter.dtype in HALVES:
            leaf.dtype_given_at = given_at(tracer, parameter.dtype, frame)
        node = tracer.node_of(data) if isinstance(data, torch.Tensor) else None
        if node is not None:
            leaf.initialised = any(
                one.operation.startswith(("rand", "normal")) or _has_random_write(one)
                for one, _ in zip(node.ancestors(), range(32), strict=False)
            )
            leaf.copied = bool(node.bits)
            if node.bits:
                leaf.note_write(Write("made", leaf.made, tracer.step, node.bits), trains=False)
        self.books.born(leaf, node, frame)
        if not parameter.requires_grad and tracer.node_of(parameter) is None:
            leaf.frozen_at = leaf.made
            leaf.frozen_by_user = tracer.sites.is_user_file(frame.f_code.co_filename)

    def parameter_replaced(self, old: torch.Tensor, new: torch.Tensor, frame: FrameType) -> None:
        """Note that a library has put its own parameter in the place of the user's, with the same values."""
        place = self.tracer.place(frame)
        before, leaf = self.tracer.leaves.of(old), self.tracer.leaves.of(new)
        leaf.registered, leaf.registered_at = before.registered, place
        leaf.made, leaf.made_chain, leaf.of_torch = before.made, before.made_chain, before.of_torch
        leaf.initialised, leaf.copied, leaf.library = before.initialised, before.copied, before.library
        self.books.replaced(old, leaf, place)

    def parameter_registered(self, module: torch.nn.Module, name: str, parameter: Any, frame: FrameType) -> None:
        """Note which module registers a parameter."""
        if isinstance(parameter, torch.Tensor):
            place = self.tracer.place(frame)
            leaf = self.tracer.leaves.of(parameter, place)
            leaf.registered, leaf.registered_at = (name, type(module).__name__), place
            kind = type(module).__module__
            leaf.of_torch = kind.startswith("torch.nn.modules.") and not kind.endswith(".container")
            self.books.registered(leaf, module, name)

    def gradients_measured(self, norms: NDArray[np.float32]) -> None:
        """Look closer where more of an optimizer's gradients than ever before are all zero.

        Args:
            norms: `[parameters]`, as far as they are known by now.
        """
        zeros = int(np.count_nonzero(norms == 0.0))
        if zeros > self._most_zeros:
            self._most_zeros = zeros
            self.window.want(2)

    def optimizer_built(self, optimizer: torch.optim.Optimizer) -> None:
        """Note which leaves an optimizer was built with; those that no optimizer had before are looked at anew."""
        brings_new = False
        for parameter in optimizer_parameters(optimizer):
            leaf = self.tracer.leaves.known(parameter)
            brings_new = brings_new or leaf is None or not leaf.is_owned
            if leaf is not None:
                leaf.is_owned = True
        if brings_new and self.tracer.step:
            self.window.want(2)
        self.books.optimizer_built(optimizer)

    def step_ended(self, steps: int, optimizers: Sequence[torch.optim.Optimizer]) -> None:
        """Write what was seen in a step, and decide about the next.

        Args:
            steps: Steps that have ended.
            optimizers: Those that are alive.
        """
        tracer = self.tracer
        self.flags.look(steps)
        was_open = self.window.is_open
        seconds, operations = tracer.seconds - self._looked_seconds, tracer.operations - self._looked_operations
        self._looked_seconds, self._looked_operations = tracer.seconds, tracer.operations
        self._has_backward = False
        self.taken.step_ended()
        if was_open:
            for watcher in tracer.watchers:
                if watcher.step_ended is not None:
                    watcher.step_ended(tracer)
            self._write(max(0, steps - 1), optimizers, exactly=False)
            tracer.escapes.forget()
        elif self._pending:  # Seen without looking at operations; the next deep step may be far away.
            self._write_pending(max(0, steps - 1))
        spent = self._guard.spent
        hooks, self._looked_hooks = spent - self._looked_hooks, spent
        self.window.step_ended(steps, seconds, operations, hooks)
        if was_open:
            self._write_facts(is_due=self.window.deep_steps % WRITE_EVERY == 0)
        tracer.step = tracer.modes.step = steps
        if steps >= FIRST_STEPS:
            tracer.leaves.settle()
        tracer.forget_old()
        if was_open and not self.window.is_open:
            tracer.end_window()
        self._born, self.births = [], []
        self.compiled_writes.clear()
        self._update()

    # To the record

    def observe(self, observed: Observed) -> None:
        """Note an observation; it is written when the step has ended."""
        self.noted += 1
        if len(self._pending) < 4096:
            self._pending.append(observed)

    def site(self, place: Place) -> Site:
        """Return the site of a place."""
        if place is None:
            return UNKNOWN
        site = self._places.get(place)
        if site is None:
            code, line = place
            site = self._sites.line(code.co_filename, line, getattr(code, "co_qualname", code.co_name))
            if len(self._places) < 100_000:
                self._places[place] = site
        return site

    def line_site(self, file: str, line: int, function: str) -> Site:
        """Return the site of a known line."""
        return self._sites.line(file, line, function)

    def name_of(self, bit: int) -> str:
        """Return the name of the parameter of a bit: its own, or where it was made."""
        leaf = self.tracer.leaves.at(bit)
        position = self._position_of(bit)
        if position is not None:
            return self.layout.parameters[position].name
        made = self.site(leaf.made)
        kind = leaf.registered[0] if leaf.registered else "tensor"
        return f"{kind} made at {os.path.basename(made.file)}:{made.line}" if leaf.made else kind  # noqa: PTH119

    def _root_of(self, bit: int) -> str | None:
        """Return the root module of the parameter of a bit; None where it has none."""
        position = self._position_of(bit)
        return None if position is None else self.layout.root_of(self.layout.parameters[position].name)

    def flush(self, step: int, optimizers: Sequence[torch.optim.Optimizer] = ()) -> None:
        """Write all that was seen.

        Args:
            step: The step that is being made.
            optimizers: Those that are alive.
        """
        self._write(step, optimizers, exactly=True)
        self._write_facts()

    def _write(self, step: int, optimizers: Sequence[torch.optim.Optimizer], *, exactly: bool) -> None:
        """Write what was seen; accounts that differ from those before by a count alone only if `exactly`."""
        self.samples.settle()
        self.stray_samples.settle()
        self.moves.write(optimizers)
        self.unowned.write(optimizers, is_over=exactly)
        cuts: set[int] = set()
        for reach in self._reaches.values():
            self.writer.observe(step, reach.value(self.tracer.handed_over, self._position_of))
            cuts.update(number for number in reach.cuts if number != FROZEN)
        for cut in cut_values(self.tracer, cuts, self.site):
            self.writer.observe(step, cut)
        self._write_pending(step)
        self._write_unnamed(step)
        self._write_accounts(optimizers, exactly=exactly)

    def _write_pending(self, step: int) -> None:
        pending, self._pending = self._pending, []
        for observed in pending:
            self.writer.observe(step, observed)

    def _write_facts(self, *, is_due: bool = True) -> None:
        """Write how many steps were deep; which, and how far they moved the weights, only where that is due: it is a long list."""
        window = self.window
        self.writer.set_facts({"deep_steps": window.deep_steps})
        if is_due or window.deep_steps <= FIRST_STEPS:
            self.writer.set_facts({"deep_at": window.ranges, "update_ratios": self.ratios.value()})

    def _write_unnamed(self, step: int) -> None:
        """Tell of leaves that a loss reaches and that nobody has a name for."""
        reached = 0
        for reach in self._reaches.values():
            reached |= reach.reached
        for bit in positions_of(reached):
            if self._position_of(bit) is None:
                leaf = self.tracer.leaves.at(bit)
                tensor = leaf.reference()
                shape = "" if tensor is None else str(tuple(tensor.shape))
                detail: dict[str, Detail] = {"shape": shape, "is_parameter": leaf.is_parameter}
                observed = Observation("unnamed-leaf", self.site(leaf.made), detail=detail, key=str(leaf.is_parameter))
                self.writer.observe(step, observed)

    def _write_accounts(self, optimizers: Sequence[torch.optim.Optimizer], *, exactly: bool) -> None:
        owners: dict[int, int] = {}
        for optimizer in optimizers:
            for parameter in optimizer_parameters(optimizer):
                owners[id(parameter)] = owners.get(id(parameter), 0) + 1
        reached = 0
        for reach in self._reaches.values():
            reached |= reach.reached
        for leaf, tensor in self.tracer.leaves.alive():
            position = self.layout.position(tensor)
            if position is None:
                continue
            chained = not reached >> leaf.number & 1
            row = self._account(leaf, tensor, position, owners.get(id(tensor), 0), with_chains=chained)
            known = self._accounts.get(position)
            if known == row:
                continue
            if known is not None and not exactly and _differ_by_counts(known, row):
                self._held_back[position] = row
            else:
                self._put_account(position, row)
        for position, row in list(self._held_back.items()) if exactly else ():
            self._put_account(position, row)

    def _put_account(self, position: int, row: AccountRow) -> None:
        self._held_back.pop(position, None)
        self._accounts[position] = row
        self.writer.put_account(position, row)

    def _account(
        self, leaf: Leaf, tensor: torch.Tensor, position: int, owners: int, *, with_chains: bool
    ) -> AccountRow:
        def maybe(place: Place) -> Site | None:
            return None if place is None else self.site(place)

        origin = "copied" if leaf.copied else "initialised" if leaf.initialised else "given" if leaf.made else "unknown"
        sources = 0
        for write in leaf.writes:
            sources |= write.from_leaves
        copied_from = map(self._position_of, positions_of(sources & ~(1 << leaf.number)))
        return AccountRow(
            registered=f"{leaf.registered[0]} of {leaf.registered[1]}" if leaf.registered else "",
            registered_at=maybe(leaf.registered_at),
            made=maybe(leaf.made),
            origin=origin,
            requires_grad=tensor.requires_grad,
            frozen_at=maybe(leaf.frozen_at),
            owners=owners,
            moved=leaf.moved,
            unmoved=leaf.unmoved,
            written=leaf.written,
            last_write=maybe(leaf.writes[-1].place) if leaf.written else None,
            used_at=maybe(leaf.used_at),
            frozen_by_user=leaf.frozen_by_user,
            frozen_after_built=leaf.frozen_after_built,
            library=leaf.library,
            made_chain=tuple(map(self.site, leaf.made_chain)) if with_chains else (),
            used_chain=tuple(map(self.site, leaf.used_chain)) if with_chains else (),
            copied_from=tuple(sorted(source for source in copied_from if source is not None)),
            same_object=self.layout.parameters[position].objects == 1,
            scale=leaf.scale,
        )

    def _position_of(self, bit: int) -> int | None:
        leaf = self.tracer.leaves.at(bit)
        tensor = leaf.reference()
        position = None if tensor is None else self.layout.position(tensor)
        if position is not None:
            leaf.position = position
        return leaf.position

    # Faults

    def guarded(self, observe: Callable[P, R]) -> Callable[P, R | None]:
        """Return an observer behind the recorder's guard."""
        return self._guard.guarded(observe)

    def keeps(self, error: Exception) -> bool:
        """Stop looking, and keep a fault until the operation that runs is over; return whether one runs."""
        self._able = self.tracer.looks = False
        if self._mode.depth:
            self.failure = self.failure or error
        return self._mode.depth > 0

    def _fault(self, error: Exception) -> None:
        self._guard.guarded(_raise)(error)


def _raise(error: Exception) -> None:
    raise error


def _differ_by_counts(known: AccountRow, row: AccountRow) -> bool:
    return replace(known, moved=row.moved, unmoved=row.unmoved) == row


def _has_random_write(node: Node) -> bool:
    return any(name.endswith(("uniform_", "normal_")) for _, name, _, _ in node.writes or ())
