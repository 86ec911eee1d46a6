"""What a user said is meant: in the policy, or in a comment on the line; counted, not hidden, and told when it is stale."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from gradprobe.policy.match import covers, means
from gradprobe.values import Allowed, Observation

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gradprobe.policy.schema import Policy
    from gradprobe.record.record import Record
    from gradprobe.values import Finding, Site

EXPECTED: Final = {
    "frozen": ("frozen-parameter", "parameter-not-optimized"),
    "severed": ("severed-gradient", "missing-gradient", "unused-parameter"),
}
"""For each key of `[expect]`, the checks whose findings on such parameters are meant."""
COMMENT: Final = "allow-comment"
"""What the recorder calls a comment `# gradprobe: allow CHECK (reason)` that it met."""


def allow(
    findings: Sequence[Finding], record: Record, policy: Policy
) -> tuple[tuple[Finding, ...], tuple[Allowed, ...], tuple[str, ...]]:
    """Take out what is meant.

    Args:
        findings: In the order of the report.
        record: The run, with the comments that were met.
        policy: With what it expects.

    Returns:
        The findings that are left, those that were allowed, and a sentence for each allowance that matched nothing.
    """
    left = list(findings)
    allowed: list[Allowed] = []
    stale = []
    for observation in _comments(record):
        met = [one for one in left if _is_allowed(one, observation)]
        checks = str(observation.detail.get("checks", ""))
        if met:
            reason = str(observation.detail.get("reason", ""))
            allowed += [_allowed(one, f"a comment at {_short(observation.site)}", reason) for one in met]
            left = [one for one in left if one not in met]
        elif not any(one.check in checks.split() for one in findings if one.location == observation.site):
            stale.append(
                f"The comment at {_short(observation.site)} allows {checks}, which was not found there: remove it, or run longer."
            )
    for key, patterns in (("frozen", policy.expect.frozen), ("severed", policy.expect.severed)):
        for pattern in patterns:
            left, more = _expected(left, EXPECTED[key], pattern, f"[expect] {key} of the policy {policy.name}")
            allowed += more
            names = [*(one.name for one in record.parameters), *(one.name for one in record.modules)]
            if not any(means(pattern, name) for name in names):
                stale.append(
                    f"[expect] {key} = {pattern!r} of the policy {policy.name} matches no parameter: correct it."
                )
    return tuple(left), tuple(allowed), tuple(stale)


def _comments(record: Record) -> Iterable[Observation]:
    for seen in record.observations:
        if isinstance(seen.observed, Observation) and seen.observed.what == COMMENT:
            yield seen.observed


def _is_allowed(finding: Finding, comment: Observation) -> bool:
    """Return whether a comment stands on a finding's line, and names its check."""
    site = finding.location
    checks = str(comment.detail.get("checks", "")).split()
    is_there = site is not None and (site.file, site.line) == (comment.site.file, comment.site.line)
    return is_there and bool({finding.check, finding.code} & set(checks))


def _expected(
    findings: Sequence[Finding], checks: Sequence[str], pattern: str, by: str
) -> tuple[list[Finding], list[Allowed]]:
    """Take parameters that a pattern means out of findings, and findings of which none is left."""
    left: list[Finding] = []
    allowed: list[Allowed] = []
    for finding in findings:
        rest = tuple(name for name in finding.parameters if not covers(pattern, name))
        if finding.check not in checks or len(rest) == len(finding.parameters):
            left.append(finding)
        elif rest:
            left.append(replace(finding, parameters=rest))
        else:
            allowed.append(_allowed(finding, by, ""))
    return left, allowed


def _allowed(finding: Finding, by: str, reason: str) -> Allowed:
    return Allowed(finding.check, finding.code, finding.title, finding.location, by, reason)


def _short(site: Site) -> str:
    return f"{site.file.rpartition('/')[2]}:{site.line}"
