"""Shows a run again and again from another terminal, until it has ended."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, TextIO

from rich.console import Console
from rich.live import Live

from gradprobe.engine.judge import judge
from gradprobe.live.board import board, plain_lines
from gradprobe.live.glance import Glance, glances
from gradprobe.text.words import headline

if TYPE_CHECKING:
    from pathlib import Path

    from gradprobe.extensions import Check
    from gradprobe.policy.schema import Policy
    from gradprobe.values import Report

_LEAST_PAUSE: Final = 1.0
_PAUSE_PER_WORK: Final = 4.0
"""Sleep so many times the processor time of a look: the training may need the core."""
_PLAIN_PAUSE: Final = 10.0
_NICENESS: Final = 10


class Watching:
    """What is watched, and how it is judged.

    Attributes:
        paths: Returns the records of the run: ranks come later than the first.
        rank: The rank whose modules are shown; None for the lowest.
    """

    def __init__(
        self, paths: Callable[[], Sequence[Path]], rank: int | None, policy: Policy, checks: Sequence[Check]
    ) -> None:
        self.paths, self.rank = paths, rank
        self._policy, self._checks = policy, checks

    def look(self) -> tuple[Report | None, list[Glance]]:
        """Return the rank that is shown, judged as it stands, and how all ranks stand.

        Raises:
            RecordError: If a record cannot be read.
        """
        ranks = glances(self.paths())
        shown = next((one for one in ranks if self.rank in (None, one.rank)), ranks[0])
        if shown.record is None or not shown.has_trained:
            return None, ranks
        return judge(shown.record, self._policy, self._checks, draw=False), ranks

    @property
    def is_over(self) -> bool:
        """Whether every process has ended, or is gone."""
        return all(one.is_over for one in glances(self.paths()))


def watch(watching: Watching, file: TextIO) -> Report | None:
    """Show a run until it has ended; return it as it was last seen.

    Args:
        watching: What to watch.
        file: Where to show it: a terminal is drawn on, anything else gets a few lines now and then.

    Raises:
        RecordError: If a record cannot be read.
    """
    if hasattr(os, "nice"):  # Windows has none.
        os.nice(_NICENESS)
    return _draw(watching, file) if file.isatty() else _print(watching, file)


def _draw(watching: Watching, file: TextIO) -> Report | None:
    console = Console(file=file, force_jupyter=False)
    with Live(console=console, screen=True, auto_refresh=False, transient=True) as live:
        while True:
            before = time.process_time()
            report, ranks = watching.look()
            width, height = console.size
            live.update(board(report, ranks, width - 1, height - 1), refresh=True)
            if all(one.is_over for one in ranks):
                return report
            time.sleep(_pause(before))


def _print(watching: Watching, file: TextIO) -> Report | None:
    shown = -1
    while True:
        report, ranks = watching.look()
        is_over = all(one.is_over for one in ranks)
        if report is not None and report.run.steps != shown:
            shown = report.run.steps
            file.write("\n".join(plain_lines(report) if not is_over else [headline(report)]) + "\n")
            file.flush()
        if is_over:
            return report
        _sleep_until_over(watching, _PLAIN_PAUSE)


def _sleep_until_over(watching: Watching, seconds: float) -> None:
    until, before = time.monotonic() + seconds, time.process_time()
    while time.monotonic() < until and not watching.is_over:
        time.sleep(_pause(before))
        before = time.process_time()


def _pause(before: float) -> float:
    """Return how long to sleep after a look that began at this processor time."""
    return max(_LEAST_PAUSE, _PAUSE_PER_WORK * (time.process_time() - before))
