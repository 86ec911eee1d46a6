"""The diagnosis on the exception itself, where whoever catches it sees it: `error.__notes__`, pytest, a printed traceback."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from gradprobe.values import Crashed, Finding, Severity, Site

if TYPE_CHECKING:
    from gradprobe.record.record import Record

PREFIX: Final = "gradprobe: "
"""What every note begins with."""
MOST: Final = 8
"""Different exceptions, by line, class and text, about which the record is asked in a run."""
LONGEST: Final = 300
"""Characters of a line of a note."""


class Notes:
    """Adds notes to exceptions of one recording: `str(error)`, its class and its traceback stay as they are."""

    def __init__(self, record: Path) -> None:
        """Prepare.

        Args:
            record: The file of the record that is being written.
        """
        self._path = record
        self._texts: dict[tuple[Site, str, str], str | None] = {}

    def attach(self, error: BaseException, crash: Crashed, flush: Callable[[], None]) -> None:
        """Add what is known of an exception to it, unless it has a note. Raises nothing.

        Args:
            error: The exception.
            crash: The same, as the record tells it.
            flush: Writes to the record what is still on its way.
        """
        if not isinstance(error, Exception) or isinstance(error, MemoryError) or crash.type == "OutOfMemoryError":
            return
        add_note: Any = getattr(error, "add_note", None)
        if add_note is None or any(map(is_note, getattr(error, "__notes__", ()))):  # Before Python 3.11.
            return
        with contextlib.suppress(Exception):
            key = crash.site, crash.type, crash.message
            if key not in self._texts and len(self._texts) < MOST:
                self._texts[key] = None
                flush()
                self._texts[key] = _diagnosis(self._path, crash)
            text = self._texts.get(key)
            if text is not None:
                add_note(text)


def is_note(note: object) -> bool:
    """Return whether a note of an exception is one of gradprobe's."""
    return isinstance(note, str) and note.startswith(PREFIX)


@contextlib.contextmanager
def hidden(error: BaseException) -> Iterator[None]:
    """Keep gradprobe's notes off an exception, and off those it came from, while it is shown with a report to follow."""
    taken: list[tuple[Any, list[Any]]] = []
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        current: Any = waiting.pop()
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        notes = getattr(current, "__notes__", None)
        if isinstance(notes, list) and any(map(is_note, notes)):
            taken.append((current, notes))
            rest = [note for note in notes if not is_note(note)]
            current.__notes__ = rest
            if not rest:
                del current.__notes__
        waiting += [current.__cause__, current.__context__, *getattr(current, "exceptions", ())]
    try:
        yield
    finally:
        for owner, notes in taken:
            owner.__notes__ = notes


def _diagnosis(path: Path, crash: Crashed) -> str | None:
    """Return the note on an exception; None where the record holds no cause of it."""
    from gradprobe.engine.allowances import allow
    from gradprobe.engine.checking import run_checks
    from gradprobe.extensions import load_checks
    from gradprobe.policy import load_policy
    from gradprobe.record.reader import read_record

    record = _ended(read_record(path), crash)
    checks = tuple(check for check in load_checks() if check.explains_exceptions)
    findings, _, _ = allow(run_checks(record, checks)[0], record, load_policy(record.facts.policy or "default"))
    cause = next((one for one in findings if one.severity is Severity.ERROR and _is_of(one, crash.site)), None)
    return None if cause is None else _text(cause)


def _ended(record: Record, crash: Crashed) -> Record:
    """Return a record as it would be if the exception ended the run, which it may yet do."""
    from gradprobe.record.record import IncidentSeen

    facts = replace(record.facts, exception=f"{crash.type}: {crash.message}", exit_code=1, stopped_by="exception")
    incidents = record.incidents
    if not any(seen.incident == crash for seen in incidents):
        incidents = (*incidents, IncidentSeen(crash, max(facts.steps - 1, 0), max(facts.steps - 1, 0), 1))
    return replace(record, facts=facts, incidents=incidents)


def _is_of(finding: Finding, site: Site) -> bool:
    sites = [one.site for one in finding.related]
    sites += [] if finding.location is None else [finding.location]
    return any((one.file, one.line) == (site.file, site.line) for one in sites)


def _text(finding: Finding) -> str:
    lines = [f"{PREFIX}{finding.title} ({finding.check}, {finding.code})"]
    if finding.location is not None:
        code = f": {finding.location.code}" if finding.location.code else ""
        lines.append(f'  File "{finding.location.file}", line {finding.location.line}{code}')
    lines.append(f"  fix: {finding.fix}")
    return "\n".join(line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…" for line in lines)
