"""A run as it comes to a comparison: judged, and with its record where there is one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gradprobe.record.record import Record
    from gradprobe.values import Report


@dataclass(frozen=True, slots=True)
class Source:
    """A run.

    Attributes:
        name: The run as the user named it.
        report: The run, judged.
        record: What it was judged from; None where only its report is there.
    """

    name: str
    report: Report
    record: Record | None
