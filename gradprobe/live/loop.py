"""Draws a run again and again, seldom enough to cost nothing, until the training process is gone."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from gradprobe.live.region import Region
from gradprobe.live.screen import compact, drawn
from gradprobe.live.waking import Stopped, Waking

if TYPE_CHECKING:
    from gradprobe.values import Report

_LEAST_PAUSE: Final = 1.0
_PAUSE_PER_WORK: Final = 20.0
"""Sleep so many times the processor time of a refresh: 1 / 21 is under 5 % of one core."""
_PARENT_POLL: Final = 0.5


def show(fetch: Callable[[], Report | None], fd: int, parent: int) -> None:
    """Show a run in a strip at the bottom of a terminal until a signal comes or the parent process has ended.

    Args:
        fetch: Judges the record as it stands; None where there is nothing to show yet.
        fd: The terminal.
        parent: Process id of the parent.
    """
    region = Region(fd)
    waking = Waking(region.close)
    try:
        while os.getppid() == parent:
            before = time.process_time()
            report = fetch()
            _draw(region, report)
            pause = max(_LEAST_PAUSE, _PAUSE_PER_WORK * (time.process_time() - before))
            _pause(waking, region, report, parent, pause)
    except Stopped:
        pass
    finally:
        region.close()


def _draw(region: Region, report: Report | None) -> None:
    if report is None:
        return
    columns, height = region.size()
    # One column is left free: a terminal that is written to in its last column may go to the next line.
    region.draw(drawn(compact(report, columns - 1, height), columns - 1))


def _pause(waking: Waking, region: Region, report: Report | None, parent: int, seconds: float) -> None:
    until = time.monotonic() + seconds
    while (rest := until - time.monotonic()) > 0 and os.getppid() == parent:
        waking.sleep(min(rest, _PARENT_POLL))
        if region.resized():
            _draw(region, report)
