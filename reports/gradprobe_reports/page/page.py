"""The page, from its templates: text is escaped by Jinja2, scripts are those of this package and of Plotly alone."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from gradprobe.text import figures
from gradprobe.text.safe import safe, safe_lines
from gradprobe.text.utf8 import writable
from gradprobe.text.words import headline, place
from gradprobe.text.words import script as script_name
from gradprobe.values import Colour
from gradprobe_reports.page import facts, findings, tables, ways
from gradprobe_reports.page.drawing import drawing
from gradprobe_reports.page.payload import as_script
from gradprobe_reports.page.sparkline import sparkline
from gradprobe_reports.page.tree import tree

if TYPE_CHECKING:
    from gradprobe.values import Report

_FILTERS: Final[dict[str, Any]] = {
    "plain": safe,
    "lines": safe_lines,
    "place": place,
    "plural": figures.plural,
    "norm": figures.norm,
    "size": figures.size,
    "sparkline": sparkline,
}


def page(report: Report) -> str:
    """Return the page of a report.

    Args:
        report: A judged run.
    """
    drawn = drawing(report)
    script, plotly = _text("page.js"), _plotly() if drawn else ""
    return (
        _environment()
        .get_template("page.html.jinja")
        .render(
            title=f"{headline(report)} · gradprobe",
            headline=headline(report),
            report=report,
            program=script_name(report.run.script),
            findings=findings.views(report),
            flags=sorted(report.flags, key=lambda flag: _LOUDEST.index(flag.colour)),
            ways=ways.views(report),
            tree=tree(report),
            tables=tables.tables(report),
            facts=facts.facts(report),
            drawing=drawn,
            payload=as_script(drawn),
            css=_text("page.css"),
            script=script,
            plotly=plotly,
            policy=_content_policy(plotly, script),
        )
    )


_LOUDEST: Final = (Colour.RED, Colour.AMBER, Colour.GREY, Colour.GREEN)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("gradprobe_reports.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        # Source lines and names may hold half of a surrogate pair, which no file can.
        finalize=lambda value: writable(value) if type(value) is str else value,
    )
    environment.filters.update(_FILTERS)
    return environment


@cache
def _plotly() -> str:
    """Return Plotly's script in ASCII, with line ends as a browser reads them: the policy has its digest.

    Its few other characters stand in strings and expressions, where an escape means the same.
    """
    from plotly.offline import get_plotlyjs

    return re.sub(r"[^\x00-\x7f]", _escape, str(get_plotlyjs()).replace("\r\n", "\n"))


def _escape(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be")
    return "".join(f"\\u{high:02x}{low:02x}" for high, low in zip(units[::2], units[1::2], strict=True))


def _text(name: str) -> str:
    return (files("gradprobe_reports.page") / "templates" / name).read_text("utf-8")


def _content_policy(*scripts: str) -> str:
    """Return a Content Security Policy: these scripts and no others, and nothing from anywhere else.

    It is a second lock: whatever markup a name could smuggle in, the browser would not run it. Plotly makes style
    elements of its own.
    """
    digests = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts)
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests)
    rules = {
        "default-src": "'none'",
        "script-src": allowed,
        "style-src": "'unsafe-inline'",
        "img-src": "data: blob:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())
