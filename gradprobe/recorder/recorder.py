"""The one thing with a lifetime on the recording side: from the script's first import of torch to its end."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import sys
import traceback
import weakref
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Final

import numpy as np
import torch

from gradprobe.record.create import Fact
from gradprobe.record.rows import StepRow
from gradprobe.record.writer import RecordWriter
from gradprobe.recorder.comments import comments_in
from gradprobe.recorder.deep.compiled.captured import Captured, install_captured
from gradprobe.recorder.deep.deep import Deep
from gradprobe.recorder.forks import in_forked_child
from gradprobe.recorder.gradients import Norms
from gradprobe.recorder.guard import Guard
from gradprobe.recorder.handwritten import Pending, after_backward
from gradprobe.recorder.layout import Bound, Layout, optimizer_parameters
from gradprobe.recorder.ledger import Ledger
from gradprobe.recorder.losses import Losses
from gradprobe.recorder.metrics import Metrics
from gradprobe.recorder.modes import Modes
from gradprobe.recorder.outbox import Outbox
from gradprobe.recorder.patches import Patches, nothing
from gradprobe.recorder.ranks.ranks import Ranks
from gradprobe.recorder.sites import Sites
from gradprobe.recorder.stepping import Stepping, is_torchs
from gradprobe.recorder.steps import Assembler, Draft
from gradprobe.recorder.stop import StopTraining
from gradprobe.recorder.transfer import host_value, on_host
from gradprobe.values import Backward, Call, Crashed, Incident, OptimizerStep, RecorderFailed, Site, StepSkipped
from gradprobe.values.step import NOT_LOOKED_AT

NO_OPTIMIZER: Final = -1
"""Number that stands for an update without an optimizer of torch."""


class Recorder:
    """Collects what the hooks see, and hands it to the record.

    Every method that a hook calls runs behind the guard: a fault in it ends the recording, with a line on stderr and an event
    in the record, and never the training.
    """

    def __init__(
        self,
        writer: RecordWriter,
        *,
        max_steps: int | None = None,
        user_roots: Iterable[os.PathLike[str]] = (),
        on_step: Callable[[StepRow, Recorder], None] | None = None,
        overhead: float = 0.02,
        deep: Container[int] | None = None,
        is_child: bool = False,
        on_crash: Callable[[BaseException, Crashed, Callable[[], None]], None] | None = None,
    ) -> None:
        """Prepare to record; `start` begins.

        Args:
            writer: The record.
            max_steps: End the script where its next training step would begin after so many.
            user_roots: Directories whose code is the user's wherever they are.
            on_step: Called with each step that is written, for a line of progress.
            overhead: What recording may cost, as a share of the run's time.
            deep: The steps to follow in depth; None to choose them by what happens and by the overhead.
            is_child: Whether a recorded process has started this one.
            on_crash: Called with an exception, with what the record tells of it, and with what writes the rest of what is known.
        """
        self.writer = writer
        self.guard = Guard(self._fail)
        self.sites = Sites(Path(root) for root in user_roots)
        self.layout = Layout(writer, self.sites)
        self.deep = Deep(writer, self.layout, self.sites, self.guard, overhead=overhead, chosen=deep, is_child=is_child)
        self.ranks = self.deep.ranks = Ranks(writer, self.deep)
        self.losses = Losses()
        self.ledger = self.deep.taken.ledger = Ledger()
        self.modes = Modes(self.layout)
        self.deep.on_mode = self.modes.computed
        self.metrics = Metrics(writer)
        self.steps = Assembler()
        self.outbox = Outbox(writer, None if on_step is None else lambda row: on_step(row, self))
        self.patches = Patches()
        self.stopped = False
        self.child_words: tuple[str, ...] = ()
        """Words of the command line that record another process of the same job to this run; none where nobody gave such a command."""
        self.relays = 0
        """How many calls are under way by which a framework hands on to trackers what it was given itself."""
        self.optimizer_calls = 0
        self.scaling = self.deep.scaling
        self.captured = Captured(self)
        self.built: weakref.WeakKeyDictionary[torch.optim.Optimizer, Site] = weakref.WeakKeyDictionary()
        self.max_steps = max_steps
        self._on_crash = on_crash
        self._stepping: weakref.WeakKeyDictionary[torch.optim.Optimizer, Stepping] = weakref.WeakKeyDictionary()
        self._handwritten: Pending | None = None
        self._handwritten_ended = False
        self._backward_open = False
        self._most_orphans = 0
        self._last_crash = 0
        self._said = False
        self._unfit: list[str] = []
        self._log = self.guard.guarded(self._note_metrics)
        self.write_known = self.guard.guarded(self._flush_known)
        self._note_script_crash = self.guard.guarded(lambda error, site: self.crashed(error, site, "script"))

    # Lifetime

    def start(self) -> None:
        """Install every hook; torch has been imported."""
        from gradprobe.recorder.hooks import HOOKS

        self.guard.active = True
        self.writer.set_facts({"torch": torch.__version__})
        for install in HOOKS:
            install(self, self.patches)
        self.deep.start(self.patches)
        install_captured(self, self.patches)
        self.deep.tracer.on_refusal = self.guard.guarded(self._refused)
        in_forked_child(self._forked)

    def finish(self, facts: Mapping[str, Fact]) -> None:
        """Remove every hook, write what is left, and close the record."""
        with self.guard.lock:
            if self.deep.failure is not None and self.guard.active:
                self._fail(self.deep.failure)
            was_active, self.guard.active = self.guard.active, False
            self.patches.undo()
            try:
                if was_active:
                    self._close_steps()
                    self._note_ledger()
                    self.deep.close_books(self.steps.completed)
                    self.ranks.close()
                    for comment in comments_in(self.sites.user_files()):
                        self.deep.observe(comment)
                    self.deep.flush(max(0, self.steps.completed - 1), self._optimizers())
                self.writer.set_facts(facts)
                self._flush_all()
            except Exception as error:
                self._say(error)
            finally:
                with contextlib.suppress(sqlite3.Error):
                    self.writer.close()

    def step_aside(self) -> None:
        """Take every hook away in a forked child, which is recorded by itself: this record is its parent's."""
        self.guard.active = False
        self.deep.pause()
        self.patches.undo()

    @contextlib.contextmanager
    def still(self) -> Iterator[None]:
        """Look at nothing for a while."""
        was_active, self.guard.active = self.guard.active, False
        self.deep.pause()
        try:
            yield
        finally:
            self.guard.active = was_active
            self.deep.resume()

    # What hooks report

    def site(self) -> Site:
        """Return the user's line below which the hook runs (frames of gradprobe and torch are passed over)."""
        return self.sites.at(sys._getframe(1))

    def call(self, call: Call) -> None:
        """Note a call."""
        self.steps.call(self.writer.call_position(call))

    def incident(self, incident: Incident) -> None:
        """Note something out of the ordinary, in the step that is being made."""
        self.outbox.put_incident(self._step_being_made(), incident)
        if self.outbox.is_due():
            self.outbox.flush(self.steps.completed - 1)

    def backward_approaches(self) -> Site:
        """Return where a backward is called; what went before it is settled first."""
        self.deep.resume()
        self._settle_handwritten()
        return self.site()

    def backward_begins(
        self,
        root: object,
        site: Site,
        frame: FrameType | None,
        retain_graph: bool,
        others: Sequence[object] = (),
        *,
        weighted: bool = False,
    ) -> None:
        """Note a backward call, and the loss it starts from."""
        loss = self.losses.of(root, site, frame)
        self.call(Backward(site, loss.name, scaled=loss.scaled, retain_graph=retain_graph))
        if loss.tensor is not None and loss.tensor.dim() == 0:
            self._note_metric(loss.name, "loss", loss.tensor, self.steps.open)
        self._backward_open = True
        roots = [one for one in (root, *others) if isinstance(one, torch.Tensor)]
        if self.deep.is_training_thread:
            self.scaling.backward(scaled=loss.scaled)
        self.deep.backward_begins(roots, site, loss.name, retained=retain_graph, weighted=weighted)
        self.deep.pause()
        self.ledger.backward_begins()
        self.modes.backward_begins()
        self.ranks.backward_begins()

    def backward_ended(self, frame: FrameType | None, site: Site) -> None:
        """Look again; until an optimizer of torch steps, measure what a hand-written update may be about to use."""
        self.ranks.backward_ended()
        self.deep.resume()
        self.deep.backward_ended()
        self.ledger.backward_ended(site)
        self.modes.backward_ended(site)
        if self._handwritten_ended:
            # Not before: the forward of this backward has been followed with what went before it.
            self._handwritten_ended = False
            self.deep.step_ended(self.steps.completed, self._optimizers())
        if self.optimizer_calls:
            return
        look = self.layout.is_time_to_look() or not self.layout.parameters
        self._handwritten = after_backward(self.layout.find(frame, self.built) if look else self.layout.alive())

    def optimizer_begins(self, optimizer: torch.optim.Optimizer, frame: FrameType | None, closure: bool) -> None:
        """Measure the gradients that an optimizer is about to consume.

        With a closure they come to be within the step, and are measured when the closure has ended.
        """
        if _is_unrolled(optimizer):
            return
        self.optimizer_calls += 1
        self._handwritten = None
        if self.deep.is_training_thread:
            self.scaling.settle()
        self.deep.pause()
        parameters = optimizer_parameters(optimizer)
        if not parameters:
            return
        self._note_if_skipped(optimizer)
        bound = self.layout.bind(optimizer, parameters, frame, self.built.get(optimizer))
        was_open = self.ledger.bind(bound.number, parameters)
        stepping = self._stepping[optimizer] = Stepping(bound, was_open)
        if closure:
            # An optimizer of torch evaluates its closure first; another one may use what it finds before.
            if not is_torchs(optimizer) and self.ledger.has_unused(bound.number):
                self._uses(optimizer, stepping)
                self.ledger.step_ended(bound.number, self.site())
            return
        stepping.norms = _norms(optimizer, parameters)
        self._uses(optimizer, stepping)

    def closure_begins(self) -> None:
        """Look at what a closure does: forward and backward, within the optimizer's step."""
        self.deep.resume()

    def closure_ended(self, optimizer: torch.optim.Optimizer) -> None:
        """Measure the gradients that a closure has left for the optimizer that called it."""
        self.deep.pause()
        stepping = self._stepping.get(optimizer)
        if stepping is None:
            return
        stepping.evaluations += 1
        # Of several evaluations the newest counts, and it is not known before the end which one that is.
        parameters = optimizer_parameters(optimizer)
        stepping.norms = _norms(optimizer, parameters) if stepping.evaluations == 1 else None
        self._uses(optimizer, stepping)
        self.ledger.step_ended(stepping.bound.number, self.site())  # It may clear them itself before it ends.

    def _uses(self, optimizer: torch.optim.Optimizer, stepping: Stepping) -> None:
        """Note that an optimizer is about to use the gradients that are there."""
        # Books that this step has opened know of what its closure did, and of nothing before.
        if stepping.was_open or self.ledger.has_unused(stepping.bound.number):
            self.ledger.step_begins(stepping.bound.number)
        if not stepping.is_sampled:
            stepping.is_sampled = True
            if self.deep.is_training_thread and self.deep.window.is_open:
                self.deep.samples.before(optimizer)

    def optimizer_ended(self, optimizer: torch.optim.Optimizer, site: Site) -> None:
        """Note that an optimizer took its step."""
        self.deep.resume()
        stepping = self._stepping.pop(optimizer, None)
        if stepping is None:
            return
        bound, norms = stepping.bound, stepping.norms or _norms(optimizer, optimizer_parameters(optimizer))
        if not np.isfinite(norms.values).all():
            self.deep.turned_non_finite(site)
        self.deep.gradients_measured(norms.values)
        self.call(OptimizerStep(site, bound.number))
        self.ledger.step_ended(bound.number, site)
        if self.modes.is_waiting:
            self.modes.updated(optimizer_parameters(optimizer), self.steps.completed)
        self.deep.optimizer_stepped(optimizer, site)
        draft = self._step(bound.number)
        if self.deep.is_training_thread:
            self.scaling.unscaled(optimizer)
        _fill(draft, bound.positions, norms)
        self.ranks.stepped(draft.index, bound, site)
        _note_rates(draft, optimizer, bound)
        if len(draft.stepped) == 1:
            self._fill_orphans(draft)
        if self.deep.is_looking:
            self._note_ledger()
        self.deep.step_ended(self.steps.completed, self._optimizers())

    def optimizer_failed(self, optimizer: torch.optim.Optimizer) -> None:
        """Note that an optimizer raised within its step, which is none then."""
        self._stepping.pop(optimizer, None)
        self.deep.resume()

    def is_stepping(self, optimizer: torch.optim.Optimizer) -> bool:
        """Return whether an optimizer is known to be within its step."""
        return optimizer in self._stepping

    def step_skipped(self, optimizer: torch.optim.Optimizer, site: Site) -> None:
        """Note that a gradient scaler left an optimizer's step out."""
        number = self.layout.number_of(optimizer)
        self.scaling.skips += 1
        self.incident(StepSkipped(site, -1 if number is None else number))
        if number is not None:
            self.ledger.step_ended(number, site)

    def stop_if_due(self, *, backward_site: Site | None = None, optimizer: torch.optim.Optimizer | None = None) -> None:
        """End the script if it has taken its steps and begins another one.

        Called outside the guard, which would keep the exception from the script.

        Raises:
            StopTraining: If it is due.
        """
        if self.max_steps is None or not self.guard.active or self.steps.completed < self.max_steps:
            return
        if optimizer is not None:
            number = self.layout.number_of(optimizer)
            begins = number is not None and self.steps.begins_step(number)
        else:
            begins = self._was_backward_of_this_step(backward_site)
        if begins:
            self.stopped = True
            raise StopTraining

    def measure(self, name: str, value: object, source: str = "gradprobe") -> None:
        """Note a number for the step that is being made: one that the recorder itself saw, where nothing else is said."""
        self._note_metric(name, source, value, self.steps.open)

    def log(self, metrics: Mapping[str, object], source: str = "log") -> None:
        """Note metrics that the script gave to `gradprobe.log`, or that a framework or tracker was given."""
        if source == "log" or not self.relays:
            self._log(metrics, source)

    def unfit(self, module: str, error: Exception) -> None:
        """Note that the adapter for a module does not fit the version that the script has imported."""
        package = sys.modules.get(module.partition(".")[0])
        version = getattr(package, "__version__", "of unknown version")
        self._unfit.append(f"{module} ({version}): {type(error).__name__}: {error}"[:400])
        self.writer.set_facts({"unfit": list(self._unfit)})

    def crashed(self, error: BaseException, site: Site, during: str) -> None:
        """Note an exception that left a recorded call, and write everything at once."""
        self._last_crash = id(error)
        self._name_parameters()
        crash = Crashed(site, type(error).__name__, str(error)[:4000], during)
        if during == "backward":
            self.deep.backward_failed(error, site)
        self.deep.crashed(error, site)
        self.outbox.put_incident(self._step_being_made(), crash)
        self._flush_known()
        if self._on_crash is not None:
            self._on_crash(error, crash, nothing)

    def _refused(self, error: BaseException, site: Site) -> None:
        """Explain an exception of an operation of which a watcher knows why: the script may catch it."""
        if self._on_crash is not None:

            def flush() -> None:
                self._name_parameters()
                self._flush_known()

            self._on_crash(error, Crashed(site, type(error).__name__, str(error)[:4000], "script"), flush)

    def _name_parameters(self) -> None:
        if not self.layout.groups:  # Before the first step nothing has a name yet.
            self.layout.find(sys._getframe(2), self.built)

    def _flush_known(self) -> None:
        self._note_ledger()
        self.deep.flush(self._step_being_made(), self._optimizers())
        self.outbox.flush(self.steps.completed - 1)

    def script_crashed(self, error: BaseException) -> None:
        """Note the exception that ended the script, at the user's innermost line, unless a recorded call reported it."""
        if id(error) != self._last_crash:
            frames = traceback.extract_tb(error.__traceback__)
            users = [entry for entry in frames if self.sites.is_user_file(entry.filename)]
            self._note_script_crash(error, self._site_of(users))

    # Steps on their way to the record

    def _step(self, optimizer: int) -> Draft:
        """Begin or go on with a training step, and put the one that this closes on its way."""
        draft, closed = self.steps.optimizer_stepped(optimizer)
        self._backward_open = False
        draft.widen(len(self.layout.parameters), self.layout.groups)
        if closed is not None:
            self.outbox.put(closed)
            if self.outbox.is_due():
                self.outbox.flush(draft.index)
        return draft

    def _settle_handwritten(self, *, at_end: bool = False) -> None:
        """Make a step of what a backward left behind, if an update followed it that no optimizer of torch made."""
        pending, self._handwritten = self._handwritten, None
        if pending is None or self.optimizer_calls:
            return
        if_gone = not at_end or self.steps.completed > 0
        if pending.was_used(if_gone=if_gone, if_cleared=not self.built):
            parameters = [one for reference, _ in pending.before if (one := reference()) is not None]
            self.ledger.updated_by_hand(parameters)
            self.modes.updated(parameters, self.steps.completed)
            _fill(self._step(NO_OPTIMIZER), pending.positions, pending.norms)
            self._handwritten_ended = True

    def _optimizers(self) -> list[torch.optim.Optimizer]:
        """Return those that are alive: built under the recorder, or before it and stepped since."""
        return list(dict.fromkeys([*self.built, *self.layout.stepped()]))

    def _step_being_made(self) -> int:
        return self.steps.completed if self._backward_open or self.steps.current is None else self.steps.completed - 1

    def _note_ledger(self) -> None:
        for observation in (*self.ledger.observations(), *self.modes.observations()):
            self.deep.observe(observation)

    def _was_backward_of_this_step(self, site: Site | None) -> bool:
        calls = [] if self.steps.current is None else [self.writer.call_at(at) for at in self.steps.current.calls]
        return any(isinstance(call, Backward) and call.site == site for call in calls)

    def _fill_orphans(self, draft: Draft) -> None:
        """Measure parameters that no optimizer owns, where they have a gradient."""
        living = ((place, reference()) for place, reference in self.layout.orphans)
        reached = [
            (place, parameter) for place, parameter in living if parameter is not None and parameter.grad is not None
        ]
        if reached:
            _fill(draft, [place for place, _ in reached], Norms([parameter for _, parameter in reached], None))
            draft.borrowed.update(place for place, _ in reached)
        if len(reached) > self._most_orphans:  # Unfrozen, for instance, after the optimizer was built.
            self._most_orphans = len(reached)
            self.deep.want(2)

    def _note_if_skipped(self, optimizer: torch.optim.Optimizer) -> None:
        """Note what a gradient scaler told a fused optimizer, which leaves its own step out."""
        found = getattr(optimizer, "found_inf", None)
        if isinstance(found, torch.Tensor):
            if not on_host(found):
                self.measure("skipped_by_scaler", found)
            elif host_value(found) > 0:
                self.step_skipped(optimizer, self.site())

    def _note_metric(self, name: str, source: str, value: object, draft: Draft) -> None:
        position = self.metrics.position(name, source)
        if position is not None:
            self.metrics.add(draft, position, value)

    def _note_metrics(self, metrics: Mapping[str, object], source: str) -> None:
        for name, value in metrics.items():
            position = self.metrics.position(name, source)
            if position is not None:
                draft = self.steps.draft_for_metric(position, after_backward=self._backward_open)
                self.metrics.add(draft, position, value)

    def _close_steps(self) -> None:
        self._settle_handwritten(at_end=True)
        if self.steps.current is not None:
            self.outbox.put(self.steps.current)

    def _flush_all(self) -> None:
        self.outbox.flush_all([(self.steps.completed, position) for position in self.steps.open.calls])

    # When something goes wrong

    def give_up(self, error: Exception) -> None:
        """End the recording because of a fault that was told already, and note it in the record."""
        self._said = True
        self._fail(error)

    def _fail(self, error: Exception) -> None:
        if self.deep.keeps(error):
            return
        self.guard.active = False
        self.patches.undo()
        self._say(error)
        site = self._site_of(list(traceback.extract_tb(error.__traceback__)))
        try:
            failure = RecorderFailed(site, f"{type(error).__name__}: {error}")
            self.outbox.put_incident(max(0, self.steps.completed - 1), failure)
            self._close_steps()
            self._flush_all()
        except Exception:
            pass  # The record cannot be written either; what was committed stays.

    def _site_of(self, frames: list[traceback.FrameSummary]) -> Site:
        last = frames[-1] if frames else None
        return Site("<unknown>", 0) if last is None else self.sites.line(last.filename, last.lineno or 0, last.name)

    def _say(self, error: Exception) -> None:
        if self._said:
            return
        self._said = True
        with contextlib.suppress(Exception):  # The disk that is full may be the one that stderr goes to.
            print(
                f"gradprobe: recording ended after {self.steps.completed} steps, training goes on: "
                f"{type(error).__name__}: {error} (the record so far is in {self.writer.path.parent})",
                file=sys.stderr,
            )

    def _forked(self) -> None:
        """Step aside in a child process: the record is the parent's."""
        self.guard.renew()
        self.writer.abandon_in_child()


def _is_unrolled(optimizer: torch.optim.Optimizer) -> bool:
    """Return whether an optimizer's steps are part of a graph: it moves what was computed, and another trains the leaves."""
    if not optimizer.defaults.get("differentiable"):
        return False
    return not all(parameter.is_leaf for parameter in optimizer_parameters(optimizer))


def _norms(optimizer: torch.optim.Optimizer, parameters: list[torch.Tensor]) -> Norms:
    scale = getattr(optimizer, "grad_scale", None)
    return Norms(parameters, scale if isinstance(scale, torch.Tensor) else None)


def _fill(draft: Draft, places: list[int], norms: Norms) -> None:
    values = norms.values
    if len(draft.stepped) > 1:
        # Another loss may have reached what no optimizer owned then; what its optimizer finds is what counts.
        owned = draft.borrowed.intersection(places)
        draft.norms[list(owned)] = NOT_LOOKED_AT
        draft.borrowed -= owned
        # A parameter of two optimizers that step in turn may have its gradient in one of them alone.
        before = draft.norms[places]
        values = np.where((values < 0) & ~(before < 0), before, values)
    draft.norms[places] = values
    for transfer, positions in norms.transfers:
        draft.transfers.append((transfer, [places[position] for position in positions]))


def _note_rates(draft: Draft, optimizer: torch.optim.Optimizer, bound: Bound) -> None:
    for column, group in zip(bound.columns, optimizer.param_groups, strict=True):
        rate = group.get("lr")
        if isinstance(rate, torch.Tensor):
            rate = host_value(rate) if on_host(rate) else None
        if rate is not None:
            draft.rates[column] = rate
