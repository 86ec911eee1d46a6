"""A finding in Markdown: what, where with its source lines, why, what to do, what not to do, the other ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gradprobe.text.safe import safe
from gradprobe_reports.excerpt import excerpt
from gradprobe_reports.markdown.escape import code, fenced, paragraph, prose
from gradprobe_reports.plain import names, spot
from gradprobe_reports.span import when

if TYPE_CHECKING:
    from gradprobe.values import Finding, RelatedSite, Site
    from gradprobe_reports.places import Roots

_MOST_RELATED: Final = 6
_LONGEST_MESSAGE: Final = 1000
_LONGEST_TEXT: Final = 400
_LONGEST_LINE: Final = 160


def finding(one: Finding, number: int, steps: int, where: Roots) -> str:
    """Return one finding in full.

    Args:
        one: The finding.
        number: Its number in the report, from 1.
        steps: Steps of the run.
        where: What paths are relative to.
    """
    parts = [f"### {number}. {one.severity.value.upper()}: {prose(one.title, 200)}", _head(one, steps, where)]
    if one.location is not None and (source := _source(one.location)):
        parts.append(source)
    parts += [paragraph(one.message, _LONGEST_MESSAGE), _advice(one, where)]
    return "\n\n".join(part for part in parts if part)


def line(one: Finding, where: Roots) -> str:
    """Return one finding in a line of a list."""
    place = f" at {code(spot(one.location, where), 120)}" if one.location is not None else ""
    return f"- {one.severity.value}: {prose(one.title, 120)}{place} ({code(one.check, 40)})"


def _head(one: Finding, steps: int, where: Roots) -> str:
    span = when(one.first_step, one.last_step, steps)
    said = f"{code(one.check, 40)} {prose(one.code, 12)}, {one.confidence.value}, {span}"
    if one.location is None:
        return said
    function = one.location.function
    inside = f" in {code(function, 80)}" if function not in ("", "<module>") else ""
    return f"**{code(spot(one.location, where), 200)}**{inside}: {said}"


def _source(site: Site) -> str:
    lines = excerpt(site, context=2)
    if not lines:
        return ""
    digits = len(str(lines[-1].number))
    shown = [
        f"{'>' if row.marked else ' '} {row.number or '':>{digits}} | {safe(row.text, _LONGEST_LINE)}".rstrip()
        for row in lines
    ]
    return fenced(shown, "text")


def _advice(one: Finding, where: Roots) -> str:
    rows = [("Fix", prose(one.fix, _LONGEST_TEXT)), ("Not", prose(one.not_this, _LONGEST_TEXT))]
    rows += [("See", _related(end, where)) for end in one.related[:_MOST_RELATED]]
    rows.append(("In", prose(names(one.modules, 60), 300)))
    return "\n".join(f"- **{label}:** {text}" for label, text in rows if text)


def _related(end: RelatedSite, where: Roots) -> str:
    shown = [prose(end.role, 40), code(spot(end.site, where), 120), code(end.site.code, 120)]
    return " ".join(part for part in shown if part)
