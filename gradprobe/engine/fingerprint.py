"""By what a finding is known again in another run, or in another commit."""

from __future__ import annotations

import hashlib
import ntpath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gradprobe.values import Finding


def fingerprint(finding: Finding) -> str:
    """Return 32 hexadecimal digits that stay the same while the finding does.

    They are made of the check's code, the file's name, the function and the text of the line, blanks aside: not of the
    line's number, which changes with every line above it, nor of the folder, which differs between checkouts. A finding
    without a line is known by its modules, or, where it names none, by its parameters.

    Args:
        finding: What a check found.
    """
    site = finding.location
    if site is not None:
        parts = [ntpath.basename(site.file), site.function, " ".join(site.code.split())]
    else:
        parts = sorted(finding.modules or finding.parameters)
    return hashlib.sha256("\0".join([finding.code, *parts]).encode("utf-8", "backslashreplace")).hexdigest()[:32]
