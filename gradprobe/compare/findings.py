"""Which findings are new, gone or the same.

A finding is the same where its fingerprint is: a line that moved has not changed. Where the line was edited, it is the
same if the same check names the same modules in the same function of the same file; without a line, if it names
the same modules.
"""

from __future__ import annotations

import ntpath
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from gradprobe.engine.fingerprint import fingerprint
from gradprobe.values import Severity
from gradprobe.values.comparison import Change, ChangeKind, Effect

if TYPE_CHECKING:
    from gradprobe.compare.view import View
    from gradprobe.values import Finding

_RANK = {Severity.ERROR: 2, Severity.WARNING: 1, Severity.INFO: 0}


def changed_findings(baselines: Sequence[View], new: View) -> Iterator[Change]:
    """Yield findings that no baseline has, that all baselines had and that are gone, and those that became worse or better."""
    found = new.source.report.findings
    before = [one.source.report.findings for one in baselines]
    matches = [match(theirs, found) for theirs in before]
    for position, finding in enumerate(found):
        same = [pairs[position] for pairs in matches if position in pairs]
        if not same:
            yield _new(finding)
        elif change := _worsened(same, finding):
            yield change
    reached = new.source.report.run.steps
    for position, finding in enumerate(before[0]):
        if finding.first_step >= max(reached, 1) or _kept(matches[0], finding):
            continue
        others = [match(theirs, before[0]) for theirs in before[1:]]
        if all(position in pairs for pairs in others) and not any(
            _kept(pairs, other[position]) for pairs, other in zip(matches[1:], others, strict=True)
        ):
            yield _gone(finding)


def unchanged_findings(baselines: Sequence[View], new: View) -> tuple[Finding, ...]:
    """Return the new run's findings that a baseline had as well, in their order."""
    found = new.source.report.findings
    known = {position for one in baselines for position in match(one.source.report.findings, found)}
    return tuple(finding for position, finding in enumerate(found) if position in known)


def match(base: Sequence[Finding], new: Sequence[Finding]) -> dict[int, Finding]:
    """Return for each position in `new` that has its like in `base` that finding; each is used once."""
    left = list(base)
    pairs: dict[int, Finding] = {}
    for alike in (_identical, _same_line, _same_cause):
        for position, finding in enumerate(new):
            if position in pairs:
                continue
            like = next((one for one in left if alike(one, finding)), None)
            if like is not None:
                pairs[position] = like
                left = [one for one in left if one is not like]
    return pairs


def _identical(one: Finding, other: Finding) -> bool:
    return _same_line(one, other) and (one.modules, one.parameters) == (other.modules, other.parameters)


def _same_line(one: Finding, other: Finding) -> bool:
    return fingerprint(one) == fingerprint(other)


def _same_cause(one: Finding, other: Finding) -> bool:
    """Tell whether two findings are one whose line was edited, or that never had one."""
    if one.code != other.code or (one.location is None) != (other.location is None):
        return False
    names, others = {*one.modules, *one.parameters}, {*other.modules, *other.parameters}
    if one.location is None or other.location is None:
        return bool(names & others) or names == others
    here, there = (ntpath.basename(site.file) for site in (one.location, other.location))
    if (here, one.location.function) != (there, other.location.function):
        return False
    # A report may have been written without source lines.
    return bool(names & others) or not one.location.code or not other.location.code


def _kept(pairs: dict[int, Finding], finding: Finding) -> bool:
    return any(one is finding for one in pairs.values())


def _new(finding: Finding) -> Change:
    harmless = finding.severity is Severity.INFO
    return Change(
        kind=ChangeKind.FINDING,
        effect=Effect.CHANGE if harmless else Effect.REGRESSION,
        severity=finding.severity,
        subject=finding.check,
        text=f"New: {_title(finding)}.",
        base="not found",
        new=f"{finding.severity.value} from step {finding.first_step}",
        finding=finding,
    )


def _gone(finding: Finding) -> Change:
    harmless = finding.severity is Severity.INFO
    return Change(
        kind=ChangeKind.FINDING,
        effect=Effect.CHANGE if harmless else Effect.IMPROVEMENT,
        severity=Severity.INFO,
        subject=finding.check,
        text=f"No longer found: {_title(finding)}.",
        base=finding.severity.value,
        new="not found",
        finding=finding,
    )


def _worsened(same: Sequence[Finding], finding: Finding) -> Change | None:
    """Return the change of a finding that every baseline took for less grave, or for graver."""
    ranks = [_RANK[one.severity] for one in same]
    rank = _RANK[finding.severity]
    if min(ranks) <= rank <= max(ranks):
        return None
    worse = rank > max(ranks)
    return Change(
        kind=ChangeKind.FINDING,
        effect=Effect.REGRESSION if worse else Effect.IMPROVEMENT,
        severity=finding.severity if worse else Severity.INFO,
        subject=finding.check,
        text=f"{'Graver' if worse else 'Less grave'} than before: {_title(finding)}.",
        base=same[0].severity.value,
        new=finding.severity.value,
        finding=finding,
    )


def _title(finding: Finding) -> str:
    return finding.title.rstrip(".")
