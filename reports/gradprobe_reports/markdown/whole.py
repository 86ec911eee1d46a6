"""The parts of the report in Markdown, in the order in which they matter, as many as there is room for."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from gradprobe.text.figures import plural
from gradprobe.text.safe import safe
from gradprobe.text.words import headline, relative
from gradprobe.values import Verdict
from gradprobe_reports.markdown.escape import code, fenced, prose
from gradprobe_reports.markdown.findings import finding, line
from gradprobe_reports.markdown.tables import flags, metrics, modules, ranks
from gradprobe_reports.places import roots
from gradprobe_reports.plain import facts, spot
from gradprobe_reports.terminal.styles import WHOLE_REPORT

if TYPE_CHECKING:
    from gradprobe.values import Report
    from gradprobe_reports.places import Roots

LIMIT: Final = 60_000
"""Characters: a comment on GitHub takes 65,536, and whoever posts it may add a line of theirs."""
_CLOSING: Final = 1_000
"""Characters kept back to say what is left out."""
_IN_FULL: Final = 10
_MOST_LINES: Final = 40
_LONGEST: Final = 400
_SIGNS: Final = {Verdict.RED: "🔴", Verdict.WARNING: "🟡", Verdict.HEALTHY: "🟢"}


def whole(report: Report) -> str:
    """Return the report as Markdown, never longer than the limit."""
    kept: list[str] = []
    left: Counter[str] = Counter()
    room = LIMIT - _CLOSING
    for noun, block in _blocks(report, roots()):
        if len(block) + 2 <= room:
            room -= len(block) + 2
            kept.append(block)
        else:
            left[noun] += 1
    if left:
        what = ", ".join(plural(count, noun) for noun, count in left.items())
        kept.append(f"Left out, because GitHub takes no longer comment: {what}. Write a page with `{WHOLE_REPORT}`.")
    return "\n\n".join(kept) + "\n"


def _blocks(report: Report, where: Roots) -> Iterator[tuple[str, str]]:
    """Yield parts, each with the noun that it is counted by where it is left out."""
    yield "verdict", f"## {_sign(report)} {prose(headline(report))}"
    yield "line of facts", prose(facts(report.run))
    for number, one in enumerate(report.findings[:_IN_FULL], start=1):
        yield "finding", finding(one, number, report.run.steps, where)
    if rest := report.findings[_IN_FULL:]:
        lines = [line(one, where) for one in rest[:_MOST_LINES]]
        more = [f"- and {plural(len(rest) - _MOST_LINES, 'more finding')}"] if len(rest) > _MOST_LINES else []
        yield "list of findings", "\n".join(["### Also", "", *lines, *more])
    if report.flags:
        yield "table of flags", f"### Flags\n\n{flags(report.flags)}"
    if report.modules:
        yield "table of modules", modules(report.modules)
    if report.metrics:
        yield "table of metrics", metrics(report.metrics)
    if report.ranks:
        yield "table of ranks", ranks(report.ranks)
    if report.allowed:
        yield "list of what is allowed", _allowed(report, where)
    if report.not_seen:
        yield "list of what was not seen", _list("Not seen", [prose(text, _LONGEST) for text in report.not_seen])
    yield "list of commands", _commands(report)


def _sign(report: Report) -> str:
    is_sure = report.verdict is not Verdict.HEALTHY or headline(report).startswith(Verdict.HEALTHY.value.upper())
    return _SIGNS[report.verdict] if is_sure else "⚪"


def _allowed(report: Report, where: Roots) -> str:
    rows = []
    for one in report.allowed:
        place = f" at {code(spot(one.location, where), 120)}" if one.location is not None else ""
        reason = f" ({prose(one.reason, _LONGEST)})" if one.reason else ""
        rows.append(f"{code(one.check, 40)}{place}, by {prose(one.by, 120)}{reason}")
    return _list("Allowed", rows)


def _list(title: str, rows: list[str]) -> str:
    rest = len(rows) - _MOST_LINES
    more = [f"and {rest} more"] if rest > 0 else []
    return "\n".join([f"### {title}", "", *(f"- {row}" for row in (*rows[:_MOST_LINES], *more))])


def _commands(report: Report) -> str:
    commands = [f"gradprobe explain {shlex.quote(one.check)}" for one in report.findings[:1]]
    run = [shlex.quote(relative(report.run.path))] if report.run.path else []
    commands.append(" ".join(["gradprobe report", *run, WHOLE_REPORT]))
    return fenced([safe(command, 300) for command in commands], "sh")
