"""Comments by which a user says that something is meant: `# gradprobe: allow severed-gradient (target network)`."""

from __future__ import annotations

import linecache
import re
from collections.abc import Iterable, Iterator
from typing import Final

from gradprobe.recorder.cells import cell_name
from gradprobe.values import Observation, Site

WHAT: Final = "allow-comment"
"""An observation of such a comment; `checks` are the names or codes in it, `reason` is what stands in parentheses."""
_COMMENT: Final = re.compile(r"#\s*gradprobe:\s*allow\s+([A-Za-z0-9, -]+?)\s*(?:\((.*)\))?\s*$")


def comments_in(files: Iterable[str]) -> Iterator[Observation]:
    """Yield an observation for each such comment in source files.

    Args:
        files: Paths; those that cannot be read are passed over.
    """
    for file in files:
        for number, line in enumerate(linecache.getlines(file), 1):
            found = _COMMENT.search(line) if "gradprobe:" in line else None
            if found:
                checks = " ".join(found[1].replace(",", " ").split())
                detail = {"checks": checks, "reason": (found[2] or "").strip()}
                yield Observation(WHAT, Site(cell_name(file) or file, number, "", line.strip()[:400]), detail=detail)
