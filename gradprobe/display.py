"""A report in a notebook: the page without its charts, in a frame of its own, so that neither styles the other."""

from __future__ import annotations

import html
import io
from dataclasses import replace
from typing import TYPE_CHECKING

from gradprobe.extensions import load_formats

if TYPE_CHECKING:
    from gradprobe.values import Report


def as_frame(report: Report) -> str:
    """Return a report as an element that a notebook can show; no script runs in it.

    Args:
        report: A judged run.

    Raises:
        ExtensionError: If no format writes HTML.
    """
    from gradprobe.errors import ExtensionError

    page = next((unit for unit in load_formats() if ".html" in unit.suffixes), None)
    if page is None:
        raise ExtensionError(
            "expected a format for .html to show a report in a notebook, found none; reinstall gradprobe"
        )
    file = io.StringIO()
    page.write(replace(report, series=None), file)
    # Its links are to places in itself, not in the notebook; a policy of the page's own that comes later forbids others.
    document = file.getvalue().replace("<head>", '<head><base href="about:srcdoc">', 1)
    text = html.escape(document, quote=True)
    style = "width: 100%; height: 36rem; border: 1px solid #8888; border-radius: .375rem; resize: vertical"
    # `allow-popups` and the like are left out: it is a document to read.
    return f'<iframe title="gradprobe report" sandbox="" style="{style}" srcdoc="{text}"></iframe>'
