"""A block of a test that is watched, and judged at its end."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Final

import pytest

from gradprobe.testing.failure import GradientFailure, failure_of
from gradprobe.testing.options import Options
from gradprobe.testing.outcome import Outcome, judged

if TYPE_CHECKING:
    from pathlib import Path

    from gradprobe.record.frames import Run
    from gradprobe.values import Report
    from gradprobe.watching import Watch

FAILURES: Final = (Exception, pytest.fail.Exception)
"""What ends a training by failing it; a test that is skipped or interrupted is not judged."""


class Block:
    """Watches what a `with` block trains, and fails where it does not train well.

    Within another recording, `gradprobe run -m pytest` or another block, it joins that one, which is judged as a whole at its
    own end: then there is no report here.

    Attributes:
        report: The judged recording, from the end of the block on; None before, and where the block joined another recording.
    """

    def __init__(self, begin: Callable[[], Watch], options: Options, told: Callable[[Outcome], None]) -> None:
        """Prepare to watch.

        Args:
            begin: Gives what records, not yet entered.
            options: How to judge.
            told: Called with what came of it, before it may fail.
        """
        self.report: Report | None = None
        self._begin = begin
        self._options = options
        self._told = told
        self._watch: Watch | None = None

    @property
    def path(self) -> Path | None:
        """The run directory; None before the block is entered."""
        return None if self._watch is None else self._watch.path

    def run(self) -> Run:
        """Return what was recorded, as frames.

        Raises:
            RecordError: If the block was never entered.
        """
        from gradprobe.errors import RecordError

        if self._watch is None:
            raise RecordError("expected a recording, found a `watch()` that was never entered; use it in a `with`")
        return self._watch.run()

    def __enter__(self) -> Block:
        """Begin to record.

        Raises:
            PolicyError: If the policy does not validate: before anything is trained.
            RecordError: If the run directory cannot be created.
        """
        __tracebackhide__ = True
        prepared(self._options)
        self._watch = self._begin()
        self._watch.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        """End the recording and judge it; an exception of the training goes its way.

        Raises:
            GradientFailure: If the training is judged to fail, or nothing trained.
        """
        __tracebackhide__ = True
        assert self._watch is not None
        stopped = self._watch.__exit__(kind, error, trace)
        is_over = error is None or stopped
        if self._watch.has_joined:
            if is_over and not self._watch.has_trained:
                raise nothing_trained()
        elif is_over or isinstance(error, FAILURES):
            outcome = self._judged(self._watch)
            if is_over:
                fail_by(outcome)
        return stopped

    def _judged(self, watch: Watch) -> Outcome:
        assert watch.path is not None
        outcome = judged(watch.path, self._options)
        self.report = outcome.report
        if outcome.trained:
            self._told(outcome)
        return outcome


def prepared(options: Options) -> None:
    """Load what is needed, while nothing is watched that would count it as the test's own.

    Raises:
        PolicyError: If the policy does not validate.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if options.policy != Options().policy:
            from gradprobe.policy import load_policy

            load_policy(options.policy)
        if "torch" in sys.modules:
            import gradprobe.recorder.hooks
            import gradprobe.recorder.recorder  # noqa: F401


def fail_by(outcome: Outcome) -> None:
    """Fail where a recording is to fail a test.

    Raises:
        GradientFailure: If it trained nothing, or is judged to fail.
    """
    __tracebackhide__ = True
    if outcome.recorder_fault:
        text = f"expected to record training steps, found none because the recorder failed: {outcome.recorder_fault}"
        raise GradientFailure(f"{text}; please report this fault", headline=text)
    if not outcome.trained:
        raise nothing_trained()
    if outcome.fails:
        raise failure_of(outcome.report)


def nothing_trained() -> GradientFailure:
    """Return the failure that a recording without any training is."""
    text = (
        "expected the watched code to train, with loss.backward() and optimizer.step(), found no training step in it;\n"
        "put the training inside what is watched (training in child processes is not recorded by their parent)"
    )
    return GradientFailure(text, headline="expected the watched code to train, found no training step in it")
