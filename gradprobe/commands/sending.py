"""`--to`: the report as what trackers show, sent when the run has been judged."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from gradprobe.errors import UsageError
from gradprobe.launch import launch

if TYPE_CHECKING:
    from gradprobe.extensions import Tracker
    from gradprobe.values import Report


def named_trackers(names: Sequence[str]) -> tuple[Tracker, ...]:
    """Return the trackers of these names, each once. None of them is imported yet: the script may do that in its own way.

    Raises:
        UsageError: If there is none of that name, or its package is not installed.
        ExtensionError: If no tracker is there at all.
    """
    from gradprobe.extensions import load_trackers

    known = {tracker.name: tracker for tracker in load_trackers()}
    for name in names:
        if name not in known:
            raise UsageError(
                f"expected one of the trackers {', '.join(known)} for --to, found {name!r}; name one of them"
            )
        if importlib.util.find_spec(known[name].package) is None:
            raise UsageError(
                f"expected the package {known[name].package} for --to {name}, found none; "
                f"run `pip install '{known[name].requirement}'`"
            )
    return tuple(known[name] for name in dict.fromkeys(names))


def send(report: Report, trackers: Sequence[Tracker], *, told: bool) -> None:
    """Send a report to trackers; one that fails is a line on stderr and no more.

    Of several processes of a job the first one sends.

    Args:
        report: The judged run.
        trackers: Where to.
        told: Whether to say where it went.
    """
    if launch().rank:
        return
    for tracker in trackers:
        try:
            place = tracker.send(report)
        except Exception as error:  # No network, no login, no room: the report itself is written.
            text = " ".join(f"{type(error).__name__}: {error}".split())[:400]
            print(f"gradprobe: the report could not be sent to {tracker.name}: {text}", file=sys.stderr)
        else:
            if told:
                print(f"gradprobe: the report was sent to {tracker.name}: {place}", file=sys.stderr)
