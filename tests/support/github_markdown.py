"""Markdown as GitHub renders it, by GitHub's own parser, and what GitHub then looks for in the text."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

import cmarkgfm
from cmarkgfm.cmark import Options

NO_WIDTH = "\u200b"
_FOUND_BY_GITHUB = re.compile(r"@[a-z0-9]|#\d|GH-\d|://|www\.|:[\w+-]+:|\$", re.IGNORECASE)
"""Mentions, references, links, emoji and formulas: looked for in text that is not code."""
_CODE = {"code", "pre"}


@dataclass
class Rendered:
    """A rendered document.

    Attributes:
        tags: Elements, in order.
        attributes: Their attributes, all of them.
        text: The whole text.
        found: What GitHub would make a link or a picture of in text that is not code.
    """

    tags: list[str] = field(default_factory=list)
    attributes: list[tuple[str, str | None]] = field(default_factory=list)
    text: str = ""
    found: list[str] = field(default_factory=list)

    @property
    def visible(self) -> str:
        """The text as a person reads it: without what has no width, and with single blanks."""
        return " ".join(self.text.replace(NO_WIDTH, "").split())


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.rendered = Rendered()
        self._open: list[str] = []

    def handle_starttag(self, tag, attributes):
        self.rendered.tags.append(tag)
        self.rendered.attributes += attributes
        if tag != "br":
            self._open.append(tag)

    def handle_endtag(self, tag):
        if tag in self._open:
            while self._open.pop() != tag:
                pass

    def handle_comment(self, data):
        self.rendered.tags.append("comment")

    def handle_data(self, data):
        self.rendered.text += data
        # A dollar sign in an element of its own is how GitHub wants one written that begins no formula.
        if not _CODE & set(self._open) and self._open[-1:] != ["span"]:
            self.rendered.found += _FOUND_BY_GITHUB.findall(data)


def rendered(markdown: str) -> Rendered:
    """Return a document as GitHub shows it before it cleans it: raw HTML is let through."""
    options = Options.CMARK_OPT_UNSAFE | Options.CMARK_OPT_FOOTNOTES
    reader = _Reader()
    reader.feed(cmarkgfm.github_flavored_markdown_to_html(markdown, options))
    reader.close()
    return reader.rendered
