"""What the callbacks of all frameworks have in common: trainings one after another, and none of them fails because of gradprobe."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from gradprobe.errors import GradprobeError
from gradprobe.launch import launch
from gradprobe.policy import load_policy
from gradprobe.record.ends import await_ends
from gradprobe.summary import as_text
from gradprobe.watching import Watch

if TYPE_CHECKING:
    from gradprobe.values import Report

_LONG: Final = 10.0
"""Seconds that the first rank waits for the others to end their records, before it judges."""
_SHORT: Final = 1.0
"""The same where training failed: others may hang, and the launcher is to hear of it soon."""


class Trainings:
    """Records trainings, each to a run of its own, and judges each at its end.

    Attributes:
        report: The last training as it was judged; None before, where it joined another recording, and on other ranks.
        watch: What records the last training; None before the first, and where it could not begin.
    """

    def __init__(
        self, output: str | os.PathLike[str] | None, policy: str | os.PathLike[str], *, is_quiet: bool
    ) -> None:
        """Prepare to record.

        Args:
            output: The run directory of the first training; the others have their number added to it.
            policy: Name of a shipped policy, or the path of a policy file.
            is_quiet: Whether nothing is printed but why there is no record, or no report.

        Raises:
            PolicyError: If the policy does not validate.
        """
        load_policy(os.fspath(policy))  # Here, where it was written, and not when hours of training are done.
        self.report: Report | None = None
        self.watch: Watch | None = None
        self._output = output
        self._policy = policy
        self._is_quiet = is_quiet
        self._records = False
        self._count = 0

    @property
    def records(self) -> bool:
        """Whether a training is being recorded."""
        return self._records

    def begin(self, *, rank: int) -> None:
        """Begin to record a training; one that is still being recorded is over."""
        with unharmed():
            self._leave(None)
        self._count += 1
        self.report = self.watch = None
        watch = Watch(self._place(rank))
        watch.__enter__()
        self.watch, self._records = watch, True

    def end(self, error: BaseException | None, *, rank: int, world: int) -> None:
        """End the recording; on the first rank judge it, and say what came of it.

        Args:
            error: The exception that left the training, if one did.
            rank: This process's number in the job.
            world: How many processes the job has.
        """
        watch = self.watch
        if not self._records or watch is None:
            return
        self._leave(error)
        if rank or watch.has_joined or (error is None and not watch.has_trained):
            return
        if world > 1 and watch.path is not None:
            await_ends(watch.path, seconds=_LONG if error is None else _SHORT)
        self.report = watch.report(self._policy)
        if not self._is_quiet:
            print(as_text(self.report), file=sys.stderr)

    def _leave(self, error: BaseException | None) -> None:
        if self._records and self.watch is not None:
            self._records = False
            self.watch.__exit__(
                None if error is None else type(error), error, None if error is None else error.__traceback__
            )

    def _place(self, rank: int) -> str | None:
        if self._output is None:
            return None
        name = os.fspath(self._output) + (f"-{self._count}" if self._count > 1 else "")
        # A process that was forked or spawned as a rank has not been told by its environment.
        return f"{name}-rank-{rank}" if rank and launch().is_alone else name


@contextlib.contextmanager
def unharmed() -> Iterator[None]:
    """Say in one line what goes wrong within: training goes on, or ends with its own exception, whatever becomes of the record."""
    try:
        yield
    except Exception as error:
        kind = "" if isinstance(error, GradprobeError) else f"{type(error).__name__}: "
        with contextlib.suppress(Exception):
            print("gradprobe:", " ".join(f"{kind}{error}".split())[:1000], file=sys.stderr)
