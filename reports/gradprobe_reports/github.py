"""The report as workflow commands of GitHub Actions, which become annotations on the lines of a pull request.

Findings and red and amber flags, errors first. GitHub shows ten errors, ten warnings and ten notices a step and drops the
rest without a word, so what is over is counted in the last notice.

See: <https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions>
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Final

from gradprobe.extensions import Format

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradprobe.values import Finding, Flag, Report
    from gradprobe_reports.places import Roots

MOST: Final = 10
"""Annotations of a kind that GitHub shows for a step."""
_LONGEST_TITLE: Final = 200
_LONGEST: Final = 4000
"""Characters of a message; a check run takes 64 KB for all of an annotation."""


def write(report: Report, file: IO[str]) -> None:
    """Write a command a line; nothing where nothing is to be said."""
    from gradprobe.text.safe import encodable

    lines = "".join(f"{line}\n" for line in commands(report))
    file.write(encodable(lines, getattr(file, "encoding", None)))


def commands(report: Report) -> list[str]:
    """Return the commands: errors, warnings, notices, and how many GitHub would not show."""
    from gradprobe_reports.places import roots

    by_kind: dict[str, list[str]] = {"error": [], "warning": [], "notice": []}
    for kind, line in _all(report, roots()):
        by_kind[kind].append(line)
    # One notice is kept back for what is over.
    over = {kind: len(lines) - MOST for kind, lines in by_kind.items() if len(lines) > MOST}
    if over:
        room = MOST - 1
        over["notice"] = max(len(by_kind["notice"]) - room, 0)
        by_kind["notice"] = [*by_kind["notice"][:room], _rest(over)]
    return [line for lines in by_kind.values() for line in lines[:MOST]]


def command(kind: str, title: str, message: str, file: str | None = None, line: int = 0) -> str:
    """Return a workflow command, with everything in it escaped.

    Args:
        kind: `error`, `warning` or `notice`.
        title: What stands above the message.
        message: The message; its lines are kept.
        file: The file it is put at, from the root of the checkout on.
        line: The line, from 1; 0 for the file as a whole.
    """
    where = {"file": file, "line": str(line) if file and line > 0 else None, "title": title}
    properties = ",".join(f"{key}={_property(value)}" for key, value in where.items() if value)
    return f"::{kind} {properties}::{_data(message)}"


def _all(report: Report, where: Roots) -> Iterator[tuple[str, str]]:
    from gradprobe.text.safe import safe
    from gradprobe.values import Colour
    from gradprobe_reports.places import home

    program = home(report, where)
    whole = safe(where.shown(program)) if program else None
    for one in report.findings:
        yield _finding(one, where, whole)
    kinds = {Colour.RED: "error", Colour.AMBER: "warning"}
    for flag in report.flags:
        if flag.colour in kinds:
            yield kinds[flag.colour], _flag(flag, kinds[flag.colour], whole)


def _finding(one: Finding, where: Roots, program: str | None) -> tuple[str, str]:
    from gradprobe.text.safe import safe
    from gradprobe.values import Severity
    from gradprobe_reports.places import is_file
    from gradprobe_reports.plain import advice, why

    kind = "notice" if one.severity is Severity.INFO else one.severity.value
    title = safe(f"{one.title} ({one.check})", _LONGEST_TITLE)
    lines = [why(one), *(f"{label}: {text}" for label, text in advice(one, where))]
    message = "\n".join(lines)
    if len(message) > _LONGEST:
        message = f"{message[:_LONGEST]}…"
    if one.location is None or not is_file(one.location.file):
        return kind, command(kind, title, message, program)
    return kind, command(kind, title, message, safe(where.shown(one.location.file)), one.location.line)


def _flag(flag: Flag, kind: str, program: str | None) -> str:
    from gradprobe.text.safe import safe

    title = safe(f"the flag {flag.name} is {flag.colour.value}", _LONGEST_TITLE)
    return command(kind, title, f"expected {safe(flag.expected, 1000)}\nobserved {safe(flag.observed, 1000)}", program)


def _rest(over: dict[str, int]) -> str:
    from gradprobe.text.figures import plural

    counts = ", ".join(plural(count, f"more {kind}") for kind, count in over.items() if count)
    return command("notice", "gradprobe", f"{counts} not shown: GitHub takes {MOST} of each a step; see the report")


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


FORMAT: Final = Format(name="github", suffixes=(), write=write)
