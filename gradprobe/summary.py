"""A report in a few lines: the verdict, what was found with its line, and what to do. For callbacks and notebooks."""

from __future__ import annotations

import html
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from gradprobe.text.safe import safe
from gradprobe.text.words import headline, place
from gradprobe.values import Colour, Verdict

if TYPE_CHECKING:
    from gradprobe.values import Finding, Flag, Report

MOST: Final = 10
"""Findings that are shown."""
_COLOURS: Final = {
    Verdict.HEALTHY: ("#1a7f37", "healthy"),
    Verdict.WARNING: ("#9a6700", "warning"),
    Verdict.RED: ("#cf222e", "red"),
}
_CELL: Final = (
    "padding: .3em .6em; text-align: left; vertical-align: top; border-top: 1px solid #8884; white-space: normal"
)


def as_text(report: Report) -> str:
    """Return a report as plain text: one line for the verdict, three for each finding, one for each flag that is red or amber."""
    lines = [f"gradprobe: {headline(report)}"]
    for finding in report.findings[:MOST]:
        lines.append(f"  {finding.severity.value:<7}  {safe(finding.check)}  {safe(finding.title)}")
        lines += [f"           {text}" for text in (_where(finding), _code(finding)) if text]
        lines.append(f"           fix  {safe(finding.fix)}")
    lines += [f"  flag     {_flag(flag)}" for flag in _broken(report)]
    lines += _rest(report)
    lines.append(f"  more     gradprobe report {safe(place(report.run.path))}")
    return "\n".join(lines)


def as_table(report: Report) -> str:
    """Return a report as an HTML table that takes the notebook's own colours and fonts."""
    colour, word = _COLOURS[report.verdict]
    rows = "".join(_row(finding) for finding in report.findings[:MOST])
    rows += "".join(_cells(flag.colour.value, "flag", _flag(flag), "", "") for flag in _broken(report))
    head = "".join(f'<th style="{_CELL}">{text}</th>' for text in ("", "what", "where", "fix"))
    table = f'<table style="border-collapse: collapse; margin: .5em 0"><tr>{head}</tr>{rows}</table>' if rows else ""
    rest = "".join(f"<div>{_escaped(text.strip())}</div>" for text in _rest(report))
    return (
        f'<div class="gradprobe-report" data-verdict="{word}">'
        f'<div><strong style="color: {colour}">{_escaped(headline(report))}</strong></div>{table}{rest}'
        f"<div><code>gradprobe report {_escaped(place(report.run.path))}</code></div></div>"
    )


def _row(finding: Finding) -> str:
    code = _code(finding)
    where = _escaped(_where(finding)) + (f"<br><code>{_escaped(code)}</code>" if code else "")
    return _cells(finding.severity.value, finding.check, finding.title, where, finding.fix)


def _cells(severity: str, check: str, title: str, where: str, fix: str) -> str:
    """Return a row; `where` is HTML already."""
    what = f"{_escaped(title)}<br><small>{_escaped(check)}</small>"
    texts = (f"<strong>{_escaped(severity)}</strong>", what, where, _escaped(fix))
    return "<tr>" + "".join(f'<td style="{_CELL}">{text}</td>' for text in texts) + "</tr>"


def _where(finding: Finding) -> str:
    site = finding.location
    if site is None:
        return ""
    inside = f" in {site.function}" if site.function not in ("", "<module>") else ""
    return safe(f"{place(site.file)}:{site.line}{inside}")


def _code(finding: Finding) -> str:
    return "" if finding.location is None else safe(finding.location.code)


def _broken(report: Report) -> list[Flag]:
    return [flag for flag in report.flags if flag.colour in (Colour.RED, Colour.AMBER)]


def _flag(flag: Flag) -> str:
    return safe(f"{flag.name} {flag.colour.value}: expected {flag.expected}, observed {flag.observed}")


def _rest(report: Report) -> Iterator[str]:
    if len(report.findings) > MOST:
        yield f"  and {len(report.findings) - MOST} more findings"


def _escaped(text: str) -> str:
    return html.escape(safe(text))
