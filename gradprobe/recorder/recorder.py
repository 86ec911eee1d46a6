"""The one thing with a lifetime on the recording side: from the script's first import of torch to its end."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import sys
import threading
import time
import traceback
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import FrameType
from typing import Final, ParamSpec, TypeVar

import torch

from gradprobe.record.create import Fact
from gradprobe.record.rows import Batch, IncidentRow, StepRow
from gradprobe.record.writer import RecordWriter
from gradprobe.recorder.gradients import Norms
from gradprobe.recorder.handwritten import Pending, after_backward
from gradprobe.recorder.layout import Bound, Layout, optimizer_parameters
from gradprobe.recorder.naming import scope_of
from gradprobe.recorder.patches import Patches
from gradprobe.recorder.sites import Sites
from gradprobe.recorder.steps import MOST_OPEN, Assembler, Draft
from gradprobe.recorder.stop import StopTraining
from gradprobe.recorder.transfer import Transfer, host_value, on_host
from gradprobe.values import Backward, Call, Crashed, Incident, OptimizerStep, RecorderFailed, Site, StepSkipped

NO_OPTIMIZER: Final = -1
"""Number that stands for an update without an optimizer of torch."""

P = ParamSpec("P")
R = TypeVar("R")

FLUSH_SECONDS: Final = 0.5
"""Steps are written at least this often while steps are taken; what is younger is lost when the process is killed."""
FLUSH_ROWS: Final = 256
"""Steps that are written at once at the most."""
MOST_PENDING: Final = 512
"""Steps whose numbers may be on their way from the device; beyond, the oldest are written without."""


class Recorder:
    """Collects what the hooks see, and hands it to the record.

    Every method that a hook calls is guarded: a fault in it ends the recording, with a line on stderr and an event in the
    record, and never the training.
    """

    def __init__(
        self,
        writer: RecordWriter,
        *,
        max_steps: int | None = None,
        user_roots: Iterable[os.PathLike[str]] = (),
        on_step: Callable[[StepRow, Recorder], None] | None = None,
    ) -> None:
        """Prepare to record; `start` begins.

        Args:
            writer: The record.
            max_steps: End the script where its next training step would begin after so many.
            user_roots: Directories whose code is the user's wherever they are.
            on_step: Called with each step that is written, for a line of progress.
        """
        self.writer = writer
        self.sites = Sites(Path(root) for root in user_roots)
        self.layout = Layout(writer, self.sites)
        self.steps = Assembler()
        self.patches = Patches()
        self.active = False
        self.lock = threading.RLock()
        self.max_steps = max_steps
        self.stopped = False
        self.optimizer_calls = 0
        self.gradients_are_scaled = False
        self.has_optimizer = False
        self._handwritten: Pending | None = None
        self.built: weakref.WeakKeyDictionary[torch.optim.Optimizer, Site] = weakref.WeakKeyDictionary()
        self._scaled: deque[tuple[weakref.ref[torch.Tensor], torch.Tensor]] = deque(maxlen=4)
        self._on_step = on_step
        self._metrics: dict[tuple[str, str], int] = {}
        self._loss_names: dict[Site, str] = {}
        self._pending: deque[Draft] = deque()
        self._incidents: list[IncidentRow] = []
        self._open_values: list[tuple[int, torch.Tensor]] = []
        self._backward_open = False
        self._measured: dict[int, tuple[Bound, list[torch.Tensor], Norms | None]] = {}
        self._last_flush = self._last_ended = time.perf_counter()
        self._born = False
        self._look_after = 0.0
        self._log = self.guarded(self._note_metrics)
        self._note_script_crash = self.guarded(lambda error, site: self.crashed(error, site, "script"))
        self._last_crash = 0
        self._said = False
        self._depth = 0
        self._deferred: Callable[[], None] | None = None

    # Lifetime

    def start(self) -> None:
        """Install every hook; torch has been imported."""
        from gradprobe.recorder.hooks import HOOKS

        self.active = True
        self.writer.set_facts({"torch": torch.__version__})
        for install in HOOKS:
            install(self, self.patches)
        os.register_at_fork(after_in_child=_weakly(self._forked))

    def finish(self, facts: Mapping[str, Fact]) -> None:
        """Remove every hook, write what is left, and close the record."""
        with self.lock:
            was_active, self.active = self.active, False
            self.patches.undo()
            try:
                if was_active:
                    self._close_steps()
                self.writer.set_facts(facts)
                self._flush(everything=True)
            except Exception as error:
                self._say(error)
            finally:
                with contextlib.suppress(sqlite3.Error):
                    self.writer.close()

    def guarded(self, observe: Callable[P, R]) -> Callable[P, R | None]:
        """Return the observer behind the lock and the guard that keeps its faults from the training."""

        def observer(*args: P.args, **kwargs: P.kwargs) -> R | None:
            if not self.active:
                return None
            with self.lock:
                self._depth += 1
                try:
                    return observe(*args, **kwargs)
                except Exception as error:
                    self._fail(error)
                    return None
                finally:
                    self._depth -= 1
                    if self._deferred is not None and self._depth == 0:
                        self._deferred()

        return observer

    def when_idle(self, action: Callable[[], None]) -> None:
        """Do something now, or, where a hook is at work in this thread, when it has ended (for signal handlers)."""
        if self._depth and self.active:
            self._deferred = action
        else:
            action()

    # What hooks report

    def site(self) -> Site:
        """Return the user's line below which the hook runs (frames of gradprobe and torch are passed over)."""
        return self.sites.at(sys._getframe(1))

    def call(self, call: Call) -> None:
        """Note a call."""
        self.steps.call(self.writer.call_position(call))

    def incident(self, incident: Incident) -> None:
        """Note something out of the ordinary, in the step that is being made."""
        self._incidents.append(IncidentRow(self._step_being_made(), incident))
        if len(self._incidents) >= FLUSH_ROWS:
            self._flush()

    def backward_approaches(self) -> Site:
        """Return where a backward is called; what went before it is settled first."""
        self._settle_handwritten()
        return self.site()

    def backward_ended(self, frame: FrameType | None) -> None:
        """Where no optimizer was built, measure what a hand-written update is about to use."""
        if self.has_optimizer:
            return
        look = self._is_time_to_look() or not self.layout.parameters
        self._handwritten = after_backward(self.layout.find(frame) if look else self.layout.alive())

    def backward_begins(self, root: object, site: Site, frame: FrameType | None, retain_graph: bool) -> None:
        """Note a backward call, and the loss it starts from."""
        loss, scaled = self._unscaled(root)
        name = self._loss_names.get(site)
        if name is None:
            name = self._loss_names[site] = _variable_of(loss, frame) or "loss"
            if list(self._loss_names.values()).count(name) > 1:
                name = self._loss_names[site] = f"{name} ({Path(site.file).name}:{site.line})"
        self.call(Backward(site, name, scaled=scaled, retain_graph=retain_graph))
        if isinstance(loss, torch.Tensor) and loss.dim() == 0 and (position := self._metric(name, "loss")) is not None:
            self._value(self.steps.open, position, loss)
        self._backward_open = True
        self.gradients_are_scaled = self.gradients_are_scaled or scaled

    def scaled(self, scaled: weakref.ref[torch.Tensor], loss: torch.Tensor) -> None:
        """Note that a gradient scaler made a scaled loss of this one, given without its graph."""
        self._scaled.append((scaled, loss))

    def stop_if_due(self, *, backward_site: Site | None = None, optimizer: torch.optim.Optimizer | None = None) -> None:
        """End the script if it has taken its steps and begins another one. Called outside the guard."""
        if self.max_steps is None or not self.active or self.steps.completed < self.max_steps:
            return
        current = self.steps.current
        if current is None:
            return
        if optimizer is not None:
            number = self.layout.number_of(optimizer)
            begins = number is not None and number in current.stepped
        else:
            begins = self._is_backward_of(current, backward_site)
        if begins:
            self.stopped = True
            raise StopTraining

    def optimizer_begins(self, optimizer: torch.optim.Optimizer, frame: FrameType | None, closure: bool) -> None:
        """Measure the gradients that an optimizer is about to consume.

        With a closure they come to be within the step, and are measured after it.
        """
        parameters = optimizer_parameters(optimizer)
        self.optimizer_calls += 1
        self.has_optimizer, self._handwritten = True, None
        if not parameters:
            return
        self._note_if_skipped(optimizer)
        bound = self.layout.bind(
            optimizer, parameters, frame, self.built.get(optimizer), look_again=self._is_time_to_look()
        )
        self._measured[id(optimizer)] = (bound, parameters, None if closure else self._norms(optimizer, parameters))

    def optimizer_ended(self, optimizer: torch.optim.Optimizer, site: Site) -> None:
        """Note that an optimizer took its step."""
        if id(optimizer) not in self._measured:
            return
        bound, parameters, norms = self._measured.pop(id(optimizer))
        norms = norms or self._norms(optimizer, parameters)
        self.call(OptimizerStep(site, bound.number))
        self._send_open_values(self.steps.open)
        draft, closed = self.steps.optimizer_stepped(bound.number)
        self._backward_open = self.gradients_are_scaled = False
        draft.widen(len(self.layout.parameters), self.layout.groups)
        self._fill(draft, bound.positions, norms)
        self._rates(draft, optimizer, bound)
        if len(draft.stepped) == 1:
            self._fill_orphans(draft)
        if closed is not None:
            self._close(closed)

    def _settle_handwritten(self, *, at_end: bool = False) -> None:
        """Make a step of what a backward left behind, if an update followed it that no optimizer of torch made."""
        pending, self._handwritten = self._handwritten, None
        if pending is None or self.has_optimizer:
            return
        if not pending.was_used(if_gone=not at_end or self.steps.completed > 0):
            return
        self._send_open_values(self.steps.open)
        draft, closed = self.steps.optimizer_stepped(NO_OPTIMIZER)
        self._backward_open = False
        draft.widen(len(self.layout.parameters), self.layout.groups)
        self._fill(draft, pending.positions, pending.norms)
        if closed is not None:
            self._close(closed)

    def step_skipped(self, optimizer: torch.optim.Optimizer, site: Site) -> None:
        """Note that a gradient scaler left an optimizer's step out."""
        number = self.layout.number_of(optimizer)
        self.incident(StepSkipped(site, -1 if number is None else number))

    def _note_if_skipped(self, optimizer: torch.optim.Optimizer) -> None:
        """Note what a gradient scaler told a fused optimizer, which leaves its own step out."""
        found = getattr(optimizer, "found_inf", None)
        if isinstance(found, torch.Tensor):
            if not on_host(found):
                self.measure("skipped_by_scaler", found)
            elif host_value(found) > 0:
                self.step_skipped(optimizer, self.site())

    def parameters_born(self) -> None:
        """Note that modules got new parameters, whose names are to be looked for."""
        self._born = True

    def measure(self, name: str, value: object) -> None:
        """Note a number that the recorder itself saw, for the step that is being made."""
        position = self._metric(name, "gradprobe")
        if position is not None:
            self._value(self.steps.open, position, value)

    def log(self, metrics: Mapping[str, object]) -> None:
        """Note metrics that the script gave to `gradprobe.log`."""
        self._log(metrics)

    def _note_metrics(self, metrics: Mapping[str, object]) -> None:
        for name, value in metrics.items():
            position = self._metric(name, "log")
            if position is not None:
                self._value(self.steps.draft_for_metric(position, after_backward=self._backward_open), position, value)

    def crashed(self, error: BaseException, site: Site, during: str) -> None:
        """Note an exception that left a recorded call, and write everything at once."""
        self._last_crash = id(error)
        self.incident(Crashed(site, type(error).__name__, str(error)[:4000], during))
        self._flush()

    def script_crashed(self, error: BaseException) -> None:
        """Note the exception that ended the script, at the user's innermost line, unless a recorded call reported it."""
        if id(error) != self._last_crash:
            frames = [
                entry for entry in traceback.extract_tb(error.__traceback__) if self.sites.is_user_file(entry.filename)
            ]
            last = frames[-1] if frames else None
            site = self.sites.line(last.filename, last.lineno or 0, last.name) if last else Site("<unknown>", 0)
            self._note_script_crash(error, site)

    # Steps on their way to the record

    def _step_being_made(self) -> int:
        return self.steps.completed if self._backward_open or self.steps.current is None else self.steps.completed - 1

    def _is_backward_of(self, draft: Draft, site: Site | None) -> bool:
        calls = (self.writer.call_at(position) for position in draft.calls)
        return any(isinstance(call, Backward) and call.site == site for call in calls)

    def _norms(self, optimizer: torch.optim.Optimizer, parameters: list[torch.Tensor]) -> Norms:
        scale = getattr(optimizer, "grad_scale", None)
        return Norms(parameters, scale if isinstance(scale, torch.Tensor) else None)

    def _fill(self, draft: Draft, places: list[int], norms: Norms) -> None:
        draft.norms[places] = norms.values
        for transfer, positions in norms.transfers:
            draft.transfers.append((transfer, [places[position] for position in positions]))

    def _fill_orphans(self, draft: Draft) -> None:
        """Measure parameters that no optimizer owns, where they have a gradient."""
        alive = [
            (place, parameter) for place, reference in self.layout.orphans if (parameter := reference()) is not None
        ]
        alive = [(place, parameter) for place, parameter in alive if parameter.grad is not None]
        if alive:
            places = [place for place, _ in alive]
            self._fill(draft, places, Norms([parameter for _, parameter in alive], None))

    def _rates(self, draft: Draft, optimizer: torch.optim.Optimizer, bound: Bound) -> None:
        for column, group in zip(bound.columns, optimizer.param_groups, strict=True):
            rate = group.get("lr")
            if isinstance(rate, torch.Tensor):
                rate = host_value(rate) if on_host(rate) else None
            if rate is not None:
                draft.rates[column] = rate

    def _close(self, draft: Draft) -> None:
        self._pending.append(draft)
        now = time.perf_counter()
        if now - self._last_flush >= FLUSH_SECONDS or len(self._pending) >= FLUSH_ROWS:
            self._flush()

    def _close_steps(self) -> None:
        self._settle_handwritten(at_end=True)
        self._send_open_values(self.steps.open)
        if self.steps.current is not None:
            self._pending.append(self.steps.current)

    def _flush(self, *, everything: bool = False) -> None:
        batch = Batch(incidents=self._incidents)
        newest = self.steps.completed - 1
        while self._pending:
            draft = self._pending[0]
            overdue = len(self._pending) > MOST_PENDING
            if overdue:
                draft.transfers.clear()
                draft.metric_transfers.clear()
            if not (everything or overdue or draft.is_ready(newest - draft.index)):
                break
            self._pending.popleft()
            batch.steps.append(draft.row(draft.ended - self._last_ended))
            self._last_ended = draft.ended
        if everything:
            batch.loose_calls = [(self.steps.completed, position) for position in self.steps.open.calls]
        self._incidents = []
        self.writer.write(batch)
        self._last_flush = time.perf_counter()
        if self._on_step is not None:
            for row in batch.steps:
                self._on_step(row, self)

    @property
    def metrics(self) -> list[tuple[str, str]]:
        """Name and source of each metric, by position."""
        return list(self._metrics)

    # Values and names

    def _metric(self, name: str, source: str) -> int | None:
        key = (name, source)
        position = self._metrics.get(key)
        if position is None and len(self._metrics) < MOST_OPEN:
            position = self._metrics[key] = len(self._metrics)
            self.writer.put_metric(position, name, source)
        return position

    def _value(self, draft: Draft, position: int, value: object) -> None:
        """Add a value to a step: at once where it is on the host, when it arrives otherwise."""
        if isinstance(value, torch.Tensor):
            if value.numel() != 1 or value.device.type == "meta":
                return
            if on_host(value):
                draft.add_metric(position, host_value(value))
            elif draft is self.steps.open and len(self._open_values) < MOST_OPEN:
                self._open_values.append((position, value.detach().reshape(())))
            elif draft is not self.steps.open:
                draft.metric_transfers.append((Transfer([value.detach().reshape(())]), [position]))
            return
        try:
            number = float(value)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            return
        draft.add_metric(position, number)

    def _send_open_values(self, draft: Draft) -> None:
        by_device: dict[torch.device, list[tuple[int, torch.Tensor]]] = {}
        for position, value in self._open_values:
            by_device.setdefault(value.device, []).append((position, value))
        for values in by_device.values():
            transfer = Transfer([value for _, value in values])
            draft.metric_transfers.append((transfer, [position for position, _ in values]))
        self._open_values = []

    def _unscaled(self, root: object) -> tuple[object, bool]:
        for reference, loss in self._scaled:
            if reference() is root:
                return loss, True
        return root, False

    def _is_time_to_look(self) -> bool:
        """Return whether names are to be looked for again, which is done for at most a hundredth of the time."""
        now = time.perf_counter()
        if not self._born or now < self._look_after:
            return False
        self._born = False
        self._look_after = now + 1.0
        return True

    # When something goes wrong

    def _fail(self, error: Exception) -> None:
        self.active = False
        self.patches.undo()
        self._say(error)
        frames = traceback.extract_tb(error.__traceback__)
        last = frames[-1] if frames else None
        site = Site(last.filename, last.lineno or 0, last.name, last.line or "") if last else Site("<unknown>", 0)
        try:
            self._incidents.append(
                IncidentRow(max(0, self.steps.completed - 1), RecorderFailed(site, f"{type(error).__name__}: {error}"))
            )
            self._close_steps()
            self._flush(everything=True)
        except Exception:
            pass  # The record cannot be written either; what was committed stays.

    def _say(self, error: Exception) -> None:
        if self._said:
            return
        self._said = True
        with contextlib.suppress(Exception):  # The disk that is full may be the one that stderr goes to.
            print(
                f"gradprobe: recording ended after {self.steps.completed} steps, training goes on: {type(error).__name__}: {error} "
                f"(the record so far is in {self.writer.path.parent})",
                file=sys.stderr,
            )

    def _forked(self) -> None:
        """Step aside in a child process: the record is the parent's."""
        self.active = False
        self.lock = threading.RLock()
        self.writer.abandon_in_child()


def _weakly(method: Callable[[], None]) -> Callable[[], None]:
    reference = weakref.WeakMethod(method)

    def call() -> None:
        target = reference()
        if target is not None:
            target()

    return call


def _variable_of(value: object, frame: FrameType | None) -> str | None:
    """Return the name of the variable in a frame that holds a value."""
    if frame is None:
        return None
    with scope_of(frame) as scope:
        return next((name for name, held in scope.items() if held is value), None)
