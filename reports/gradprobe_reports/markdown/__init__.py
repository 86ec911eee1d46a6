"""The report as Markdown, for comments on pull requests and for `$GITHUB_STEP_SUMMARY`.

GitHub's own dialect; never over 60,000 characters, because a comment takes 65,536. Whatever a name or a source line
holds stays text: no tag, link, image, mention or reference comes of it.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Final

from gradprobe.extensions import Format
from gradprobe_reports.comparison import write_markdown

if TYPE_CHECKING:
    from gradprobe.values import Report


def write(report: Report, file: IO[str]) -> None:
    """Write the report as Markdown with a final newline."""
    from gradprobe.text.safe import encodable
    from gradprobe_reports.markdown.whole import whole

    file.write(encodable(whole(report), getattr(file, "encoding", None)))


FORMAT: Final = Format(name="markdown", suffixes=(".md",), write=write, write_comparison=write_markdown)
