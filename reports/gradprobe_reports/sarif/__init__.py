"""The report as SARIF 2.1.0, for code scanning on GitHub and for viewers in editors.

Each finding is a result at the line to edit, with the page of its check as the help of its rule; red and amber flags are
results too, and so are findings that are allowed, suppressed. The text is ASCII, whatever the names.

GitHub refuses a whole file for one result without a file. So what has no line stands at the script as a whole. There are no
code flows: a report knows the two ends of a way, and the related locations are these.

See: <https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/sarif-v2.1.0-os.html>
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Final

from gradprobe.extensions import Format

if TYPE_CHECKING:
    from gradprobe.values import Report


def write(report: Report, file: IO[str]) -> None:
    """Write the report as an indented SARIF log of one run, with a final newline."""
    import json

    from gradprobe_reports.sarif.log import log

    file.write(json.dumps(log(report), indent=2, allow_nan=False) + "\n")


FORMAT: Final = Format(name="sarif", suffixes=(".sarif",), write=write)
