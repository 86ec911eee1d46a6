"""Findings as the page shows them: with the source around their lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gradprobe_reports.excerpt import SourceLine, excerpt
from gradprobe_reports.span import when

if TYPE_CHECKING:
    from gradprobe.values import Finding, RelatedSite, Report

MOST: Final = 100
"""Findings shown; a person reads a few."""
_AROUND: Final = 4
_AROUND_RELATED: Final = 2


@dataclass(frozen=True, slots=True)
class RelatedView:
    """Another end of a finding, with its source."""

    related: RelatedSite
    source: tuple[SourceLine, ...]


@dataclass(frozen=True, slots=True)
class FindingView:
    """A finding, ready to be laid out.

    Attributes:
        number: Its number, from 1.
        finding: The finding.
        when: The steps it was seen in.
        source: The lines around its location.
        related: Its other ends.
    """

    number: int
    finding: Finding
    when: str
    source: tuple[SourceLine, ...]
    related: tuple[RelatedView, ...]


def views(report: Report) -> tuple[FindingView, ...]:
    """Return the findings of a report, at most `MOST`."""
    return tuple(
        FindingView(
            number,
            one,
            when(one.first_step, one.last_step, report.run.steps),
            () if one.location is None else excerpt(one.location, _AROUND),
            tuple(RelatedView(other, excerpt(other.site, _AROUND_RELATED)) for other in one.related),
        )
        for number, one in enumerate(report.findings[:MOST], start=1)
    )
