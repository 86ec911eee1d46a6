"""What makes a result the same in the next run: the statement and what it does, not the number of its line.

Two statements that read alike in one function are told apart by counting them. GitHub's uploader adds its own
`primaryLocationLineHash`, made from the lines themselves, so none is made here.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from pathlib import PurePath
from typing import TYPE_CHECKING

from gradprobe_reports.jsonable import Json

if TYPE_CHECKING:
    from gradprobe.values import Finding, Site
    from gradprobe_reports.places import Roots


class Fingerprints:
    """Makes the fingerprints of one log, counting those that are alike."""

    def __init__(self, where: Roots) -> None:
        self._where = where
        self._seen: Counter[str] = Counter()

    def of_statement(self, code: str, check: str, site: Site | None) -> Json:
        """Return the fingerprint of a check's result at a statement."""
        return self._counted([code, check, *self._statement(site)])

    def of_finding(self, finding: Finding) -> Json:
        """Return the fingerprint of a finding: its statement, its modules and its other ends."""
        ends = [[end.role, *self._statement(end.site)] for end in finding.related]
        here = self._statement(finding.location)
        return self._counted([finding.code, finding.check, here, sorted(finding.modules), ends])

    def of_flag(self, name: str) -> Json:
        """Return the fingerprint of a flag of the policy."""
        return self._counted(["flag", name])

    def _statement(self, site: Site | None) -> list[str]:
        if site is None:
            return []
        # A file outside the sources lies elsewhere on every machine.
        file = self._where.relative(site.file) or PurePath(site.file).name
        return [file, site.function, " ".join(site.code.split())]

    def _counted(self, parts: list[object]) -> str:
        digest = hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]
        self._seen[digest] += 1
        return f"{digest}:{self._seen[digest]}"
