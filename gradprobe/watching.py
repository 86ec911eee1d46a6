"""The recorder around a loop of one's own: `with gradprobe.watch(): ...`."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gradprobe._active import Background
    from gradprobe.record.frames import Run
    from gradprobe.recorder.recorder import Recorder
    from gradprobe.recording import Recording
    from gradprobe.values import Report


class Watch:
    """Records the training inside a `with` block, or from `start` to `stop` where they stand in different cells of a notebook.

    A notebook that ends a cell with `watch.stop()` shows what came of it.

    Attributes:
        path: The run directory; None before the block is entered.
        steps: Training steps that were recorded within the block, once it has ended.
        has_trained: Whether there was any training in it, once it has ended: a step, or a call of one that is still open.
        has_joined: Whether it is part of somebody else's recording.
    """

    def __init__(
        self,
        output: str | os.PathLike[str] | None = None,
        *,
        max_batches: int | None = None,
        name: str | None = None,
        user_roots: Iterable[str | os.PathLike[str]] = (),
    ) -> None:
        """Prepare to record; entering the block begins.

        Args:
            output: The run directory; a new one below `.gradprobe/` where None.
            max_batches: Leave the block where the next training step would begin after so many.
            name: What the report calls the program; the script of this process where None.
            user_roots: Directories whose code is the user's although it may be installed where libraries are.
        """
        self.path: Path | None = None
        self.steps = 0
        self.has_trained = False
        self.has_joined = False
        self._output = None if output is None else Path(output)
        self._max_batches = max_batches
        self._name = name
        self._user_roots = tuple(map(Path, user_roots))
        self._recording: Recording | None = None
        self._background: Background | None = None
        self._joined: _Joined | None = None

    def __enter__(self) -> Watch:
        """Begin to record; within another recording, `gradprobe run` for instance, join that one.

        Raises:
            RecordError: If the run directory cannot be created, or holds a run.
        """
        from gradprobe import _active

        self._background = _active.background
        if self._background is not None:
            self._background.pause()
        if _active.recorder is not None:  # `gradprobe run` around a script that watches itself: one record is enough.
            self._joined = _Joined(_active.recorder, self._max_batches)
            self.has_joined = True
            self.path = _active.recorder.writer.path.parent
            return self
        try:
            self._recording = self._record()
        except BaseException:
            self._let_go_on()
            raise
        self.path = self._recording.run
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        """End the recording; an exception goes its way, unless it is the one by which `max_batches` ends the block."""
        joined, self._joined = self._joined, None
        recording, self._recording = self._recording, None
        if joined is None and recording is None:
            return False
        try:
            if joined is not None:
                self.steps, self.has_trained = joined.steps, joined.has_trained
                return joined.ended(error)
            assert recording is not None
            stopped = _finished(recording, error)
            self.steps, self.has_trained = recording.steps, recording.has_trained
            return stopped
        finally:
            self._let_go_on()

    def start(self) -> Watch:
        """Begin to record, until `stop`; a recording that an earlier `start` has left open is ended.

        Raises:
            RecordError: If it records already, or the run directory cannot be created, or holds a run.
        """
        from gradprobe import _active
        from gradprobe.errors import RecordError

        if self._recording is not None or self._joined is not None:
            raise RecordError("expected a watch that does not record yet, found one that does; end it with `stop()`")
        if _active.started is not None:  # The cell that was to end it was never run: one before it failed.
            _active.started.stop()
        self.__enter__()
        _active.started = self
        return self

    def stop(self) -> Watch:
        """End what `start` began; return the watch itself, which a notebook shows as a table.

        Raises:
            RecordError: If it was never started.
        """
        from gradprobe import _active
        from gradprobe.errors import RecordError

        if self.path is None:
            raise RecordError("expected a watch that records, found one that was never started; begin with `start()`")
        if _active.started is self:
            _active.started = None
        self.__exit__(None, None, None)
        return self

    def _record(self) -> Recording:
        from gradprobe.recording import Recording

        script = self._name or _notebook()
        arguments = () if script else sys.argv[1:]
        return Recording(
            script or (sys.argv[0] if sys.argv and sys.argv[0] else "interactive"),
            arguments,
            output=self._output,
            max_steps=self._max_batches,
            user_roots=self._user_roots,
            children=self._name is None,
        )

    def _let_go_on(self) -> None:
        background, self._background = self._background, None
        if background is not None:
            background.resume()

    def run(self) -> Run:
        """Return what was recorded, as frames.

        Raises:
            RecordError: If the block was never entered.
        """
        from gradprobe.record.frames import open_run

        return open_run(self._recorded())

    def report(self, policy: str | os.PathLike[str] = "default") -> Report:
        """Return the judged run.

        Args:
            policy: Name of a shipped policy, or the path of a policy file.

        Raises:
            RecordError: If the block was never entered.
            PolicyError: If the policy does not validate.
        """
        from gradprobe.engine.judge import judge
        from gradprobe.extensions import load_checks
        from gradprobe.policy import load_policy
        from gradprobe.record.run import read_run

        return judge(read_run(self._recorded()), load_policy(os.fspath(policy)), load_checks())

    def _recorded(self) -> Path:
        from gradprobe.errors import RecordError

        if self.path is None:
            raise RecordError(
                "expected a recording, found a `watch()` that was never entered; use it as `with gradprobe.watch():`"
            )
        return self.path

    def __repr__(self) -> str:
        """Return what came of it, in a few lines; what it is, while that is not known."""
        from gradprobe.summary import as_text

        report = self._shown()
        return self._state() if report is None else as_text(report)

    def _repr_mimebundle_(self, **options: object) -> dict[str, str]:
        """Return what a notebook shows: a table, and plain text where there are no tables."""
        from gradprobe.summary import as_table, as_text

        report = self._shown()
        if report is None:
            return {"text/plain": self._state()}
        return {"text/plain": as_text(report), "text/html": as_table(report)}

    def _shown(self) -> Report | None:
        """Return the judged run, if there is one to show: one that has ended, and is this watch's own."""
        is_over = self._recording is None and self._joined is None and self.path is not None
        return self.report() if is_over and self.has_trained and not self.has_joined else None

    def _state(self) -> str:
        if self.path is None:
            return "gradprobe: nothing is recorded yet; begin with start()"
        if self._recording is not None or self._joined is not None:
            return f"gradprobe: recording to {self.path}; end it with stop()"
        if self.has_joined:
            return (
                f"gradprobe: {self.steps} steps, part of the recording in {self.path}, which is judged at its own end"
            )
        return f"gradprobe: no training was seen, with loss.backward() and optimizer.step() (the record is kept in {self.path})"


class _Joined:
    """A block within somebody else's recording, which may end before that one does."""

    def __init__(self, recorder: Recorder, max_batches: int | None) -> None:
        self._recorder = recorder
        self._outer = recorder.max_steps
        self._before = recorder.steps.completed
        self._calls_before = len(recorder.steps.open.calls)
        own = None if max_batches is None else recorder.steps.completed + max_batches
        self._ends_block = own is not None and (self._outer is None or own < self._outer)
        if self._ends_block:
            recorder.max_steps = own

    @property
    def steps(self) -> int:
        """Training steps since."""
        return self._recorder.steps.completed - self._before

    @property
    def has_trained(self) -> bool:
        """Whether there was any training since."""
        return self.steps > 0 or len(self._recorder.steps.open.calls) > self._calls_before

    def ended(self, error: BaseException | None) -> bool:
        """Put the other's limit back; return whether the exception is the one by which this block was to end."""
        if not self._ends_block:
            return False
        self._recorder.max_steps = self._outer
        stopped = _is_stop(self._recorder, error)
        if stopped:
            self._recorder.stopped = False
        return stopped


def _notebook() -> str:
    """Return the name of the notebook or session of IPython that this process runs; empty where it runs none."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    if shell is None:
        return ""
    is_terminal = type(shell).__name__ == "TerminalInteractiveShell"
    return "interactive" if is_terminal else os.environ.get("JPY_SESSION_NAME", "") or "notebook"


def _finished(recording: Recording, error: BaseException | None) -> bool:
    """Finish a recording; return whether the exception is the one by which it ended the block."""
    stopped = recording.recorder is not None and _is_stop(recording.recorder, error)
    failure = None if stopped else error
    if failure is not None and recording.recorder is not None:
        recording.recorder.script_crashed(failure)
    recording.finish(
        exit_code=0 if failure is None else 1,
        exception=None if failure is None else f"{type(failure).__name__}: {failure}",
        stopped_by="max-batches" if stopped else "script" if failure is None else "exception",
    )
    return stopped


def _is_stop(recorder: Recorder, error: BaseException | None) -> bool:
    return recorder.stopped and type(error).__name__ == "StopTraining"


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Have nobody else record meanwhile: what records in the background ends its stretch, another recorder holds still."""
    from gradprobe import _active

    background = _active.background
    if background is not None:
        background.pause()
    other, _active.recorder = _active.recorder, None
    try:
        with contextlib.nullcontext() if other is None else other.still():
            yield
    finally:
        _active.recorder = other
        if background is not None:
            background.resume()
