"""The recorder around a loop of one's own: `with gradprobe.watch(): ...`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gradprobe.record.frames import Run
    from gradprobe.recording import Recording
    from gradprobe.values import Report


class Watch:
    """Records the training inside a `with` block.

    Attributes:
        path: The run directory; None before the block is entered.
    """

    def __init__(self, output: str | os.PathLike[str] | None = None, *, max_batches: int | None = None) -> None:
        """Prepare to record; entering the block begins.

        Args:
            output: The run directory; a new one below `.gradprobe/` where None.
            max_batches: Leave the block where the next training step would begin after so many.
        """
        self.path: Path | None = None
        self._output = None if output is None else Path(output)
        self._max_batches = max_batches
        self._recording: Recording | None = None

    def __enter__(self) -> Watch:
        """Begin to record; within another recording, `gradprobe run` for instance, join that one.

        Raises:
            RecordError: If the run directory cannot be created, or holds a run.
        """
        from gradprobe import _active
        from gradprobe.recording import Recording

        if _active.recorder is not None:  # `gradprobe run` around a script that watches itself: one record is enough.
            self.path = _active.recorder.writer.path.parent
            return self
        script = sys.argv[0] if sys.argv and sys.argv[0] else "interactive"
        self._recording = Recording(script, sys.argv[1:], output=self._output, max_steps=self._max_batches)
        self.path = self._recording.run
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        """End the recording; an exception goes its way, unless it is the one by which `max_batches` ends the block."""
        recording, self._recording = self._recording, None
        if recording is None:
            return False
        stopped = (
            recording.recorder is not None
            and recording.recorder.stopped
            and kind is not None
            and kind.__name__ == "StopTraining"
        )
        failure = error if error is not None and not stopped else None
        recording.finish(
            exit_code=0 if failure is None else 1,
            exception=None if failure is None else f"{type(failure).__name__}: {failure}",
            stopped_by="max-batches" if stopped else "script" if failure is None else "exception",
        )
        return stopped

    def run(self) -> Run:
        """Return what was recorded, as frames.

        Raises:
            RecordError: If the block was never entered.
        """
        from gradprobe.errors import RecordError
        from gradprobe.record.frames import open_run

        if self.path is None:
            raise RecordError(
                "expected a recording, found a `watch()` that was never entered; use it as `with gradprobe.watch():`"
            )
        return open_run(self.path)

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

        return judge(self.run().record, load_policy(os.fspath(policy)), load_checks())
