"""One cause, one finding: what follows from a cause is listed under it, not beside it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from gradprobe.values import Severity

if TYPE_CHECKING:
    from collections.abc import Collection

    from gradprobe.values import Finding


_MAKE_NON_FINITE: Final = (
    "exploding-gradient",
    "non-finite-origin",
    "fully-masked-softmax",
    "all-labels-ignored",
    "low-precision-epsilon",
)
_EXPLAIN_ALL: Final = {
    "non-finite-gradient": _MAKE_NON_FINITE,
    "filtered-loss": _MAKE_NON_FINITE,
}
"""Causes that account for every finding of a symptom: NaN that is born once is everywhere a step later."""


def without_symptoms(findings: tuple[Finding, ...], symptoms: Collection[str]) -> tuple[Finding, ...]:
    """Return the findings without those that a named cause accounts for; the cause's evidence counts them.

    Args:
        findings: In the order of the report.
        symptoms: Names of the checks that report what follows from something.
    """
    findings = tuple(one for one in findings if not any(_says_it_all(other, one) for other in findings))
    causes = [one for one in findings if one.check not in symptoms]
    counts: dict[int, int] = {}
    kept = []
    for finding in findings:
        cause = None
        if finding.check in symptoms:
            grave = [one for one in causes if one.severity is not Severity.INFO or finding.severity is Severity.INFO]
            cause = next((one for one in grave if _accounts_for(one, finding)), None) or _together(grave, finding)
        if cause is None:
            kept.append(finding)
        else:
            counts[id(cause)] = counts.get(id(cause), 0) + 1
    return tuple(
        replace(one, evidence={**one.evidence, "symptoms": counts[id(one)]}) if id(one) in counts else one
        for one in kept
    )


def _together(causes: list[Finding], symptom: Finding) -> Finding | None:
    """Return the first of several causes that account for all parameters of a symptom between them; None where they do not."""
    wanted = set(symptom.parameters)
    shares = [one for one in causes if wanted & set(one.parameters)]
    covered = set[str]().union(*(one.parameters for one in shares))
    return shares[0] if wanted and wanted <= covered else None


def _says_it_all(one: Finding, other: Finding) -> bool:
    """Return whether all that is worth a word alone stands in something graver: of the same line and the same parameters."""
    is_graver = one.severity is not Severity.INFO and other.severity is Severity.INFO
    is_same_line = one.location is not None and one.location == other.location
    return is_graver and is_same_line and bool(other.parameters) and set(other.parameters) <= set(one.parameters)


def _accounts_for(cause: Finding, symptom: Finding) -> bool:
    """Return whether a cause is behind a symptom: it concerns the same parameters, or the same line."""
    if cause.check in _EXPLAIN_ALL.get(symptom.check, ()):
        return True
    if symptom.parameters:
        return set(symptom.parameters) <= set(cause.parameters)
    sites = {(one.site.file, one.site.line) for one in cause.related}
    if cause.location is not None:
        sites.add((cause.location.file, cause.location.line))
    return symptom.location is not None and (symptom.location.file, symptom.location.line) in sites
