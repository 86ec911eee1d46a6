"""The comparison as one self-contained page without a script: it opens offline, in light and dark, on a phone."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from gradprobe.compare.gate import headline, regressions
from gradprobe.text.safe import safe
from gradprobe.text.utf8 import writable
from gradprobe.values import Severity
from gradprobe.values.comparison import Effect
from gradprobe_reports.comparison import words
from gradprobe_reports.excerpt import excerpt
from gradprobe_reports.places import roots
from gradprobe_reports.plain import advice, spot, why
from gradprobe_reports.span import when

if TYPE_CHECKING:
    from jinja2 import Template

    from gradprobe.values.comparison import Comparison

_MOST_ROWS: Final = 500
_VERDICTS: Final = {Severity.ERROR: "red", Severity.WARNING: "warning", Severity.INFO: "healthy"}
"""The class of the page, which the report's style colours."""


def page(comparison: Comparison) -> str:
    """Return the comparison as HTML; whatever a name or a source line holds stays text."""
    worse = regressions(comparison)
    norms = words.shown_norms(comparison.norms, _MOST_ROWS)
    said = filter(None, (words.scope(comparison), words.note_on_norms(comparison, norms)))
    text = _template().render(
        comparison=comparison,
        headline=headline(comparison),
        verdict=_VERDICTS[worse[0].severity] if worse else "healthy",
        regressions=worse,
        better=[change.text for change in words.of_effect(comparison, Effect.IMPROVEMENT)],
        other=[change.text for change in words.of_effect(comparison, Effect.CHANGE)],
        norms=[(row.module, words.norm_cells(row), row.moved) for row in norms],
        norms_note="; ".join(said),
        metrics=[(row.name, words.metric_cells(row), row.moved) for row in comparison.metrics[:_MOST_ROWS]],
        notes=[*filter(None, [words.step_time(comparison)]), *comparison.notes],
        where=roots(),
        css=_style(),
    )
    return writable(text)


@cache
def _template() -> Template:
    """Return the template, with the words that all formats share."""
    environment = Environment(
        loader=PackageLoader("gradprobe_reports.comparison", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(words=words, advice=advice, excerpt=excerpt, spot=spot, when=when, why=why)
    environment.filters["plain"] = safe
    return environment.get_template("page.html.jinja")


@cache
def _style() -> str:
    """Return the style of the report's page, which this one shares."""
    return files("gradprobe_reports.page").joinpath("templates/page.css").read_text("utf-8")
