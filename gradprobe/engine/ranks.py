"""What was found on the processes of a run, as one list: what several saw is said once, and what only some saw with their numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from gradprobe.engine.checking import in_order, run_checks
from gradprobe.engine.symptoms import without_symptoms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradprobe.extensions import Check
    from gradprobe.record.rank import Rank
    from gradprobe.record.record import Record
    from gradprobe.values import CheckRun, Finding

_MOST_NAMED: Final = 8


def check_all(record: Record, checks: Sequence[Check]) -> tuple[tuple[Finding, ...], tuple[CheckRun, ...]]:
    """Return what the checks found on the process that is shown and on those that differ from it, and how each check ran.

    Args:
        record: The run.
        checks: The checks to run.
    """
    findings, runs = run_checks(record, checks)
    if record.ranks is None:
        return findings, runs
    by_path = {one.path: one for one in record.ranks.all}
    found = list(findings)
    keys = {_key(one) for one in found}
    for other in record.others:
        rank = by_path.get(other.path)
        more, more_runs = run_checks(other, checks)
        runs = tuple(one if one.error or not again.error else again for one, again in zip(runs, more_runs, strict=True))
        for finding in more:
            if _key(finding) not in keys and rank is not None:
                keys.add(_key(finding))
                found.append(_named(finding, rank, record.ranks.all))
    symptoms = {check.name for check in checks if check.is_symptom}
    return without_symptoms(tuple(sorted(found, key=in_order)), symptoms), runs


def rank_list(numbers: Sequence[int]) -> str:
    """Return numbers of ranks in words: `rank 3`, `ranks 1, 2 and 12 more`."""
    named = ", ".join(map(str, numbers[:_MOST_NAMED]))
    more = f" and {len(numbers) - _MOST_NAMED} more" if len(numbers) > _MOST_NAMED else ""
    return f"rank {named}" if len(numbers) == 1 else f"ranks {named}{more}"


def _key(finding: Finding) -> tuple[object, ...]:
    site = finding.location
    return finding.check, finding.parameters if site is None else (site.file, site.line)


def _named(finding: Finding, rank: Rank, ranks: Sequence[Rank]) -> Finding:
    """Return a finding of another process with the numbers of those that are like it."""
    alike = [one.number for one in ranks if one.likeness == rank.likeness]
    words = rank_list(alike)
    return replace(
        finding,
        message=f"On {words}: {finding.message}",
        evidence={**finding.evidence, "ranks": ", ".join(map(str, alike[:_MOST_NAMED]))},
    )
