"""A check's page taken apart: Markdown under fixed headings."""

from __future__ import annotations


def section(page: str, heading: str) -> str:
    """Return the text under a heading of a page, in one line; empty where there is none."""
    text = page.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return " ".join(text.split())


def first_sentence(page: str) -> str:
    """Return what a check does in one sentence."""
    return f"{section(page, 'What it does').partition('. ')[0].rstrip('.')}."
