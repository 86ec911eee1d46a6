"""Judges a record: checks, flags, the health table, and what was not seen."""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from gradprobe.engine.allowances import allow
from gradprobe.engine.evidence import gather
from gradprobe.engine.flags import judge_flags
from gradprobe.engine.health import module_health
from gradprobe.engine.metrics import metric_trends
from gradprobe.engine.not_seen import not_seen, recorder_failed
from gradprobe.engine.rank_rows import rank_rows
from gradprobe.engine.ranks import check_all
from gradprobe.engine.selection import choose
from gradprobe.engine.series import series
from gradprobe.engine.verdict import verdict_of
from gradprobe.engine.ways import ways
from gradprobe.record.failures import first_to_fail
from gradprobe.values import Report

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from gradprobe.extensions import Check
    from gradprobe.policy.schema import Policy
    from gradprobe.record.record import Record
    from gradprobe.values import CheckRun


def judge(
    record: Record,
    policy: Policy,
    checks: Sequence[Check],
    *,
    select: Collection[str] = (),
    ignore: Collection[str] = (),
    draw: bool = True,
) -> Report:
    """Return the report of a run.

    Args:
        record: The run, of one rank.
        policy: What a healthy run looks like.
        checks: The checks to run.
        select: Names or codes of the only checks to run; empty for all.
        ignore: Names or codes of checks not to run.
        draw: Whether to prepare what charts are drawn from.

    Raises:
        UsageError: If `select` or `ignore` names no check of `checks`.
    """
    findings, runs = check_all(record, choose(checks, select, ignore))
    findings, allowed, stale = allow(findings, record, policy)
    evidence = gather(record)
    flags = judge_flags(policy, evidence)
    return Report(
        gradprobe=_version(),
        run=replace(record.facts, policy=policy.name),
        verdict=verdict_of(flags, findings, is_complete=_is_complete(record)),
        flags=flags,
        findings=findings,
        modules=module_health(record, evidence.norms),
        metrics=metric_trends(record, evidence.trends),
        not_seen=(*(_failed(run) for run in runs if run.error), *stale, *not_seen(record)),
        allowed=allowed,
        checks=runs,
        ways=ways(record),
        series=series(record, evidence.norms) if draw else None,
        ranks=rank_rows(record),
    )


def _is_complete(record: Record) -> bool:
    """Return whether the run went its way to an end of its own, recorded all along."""
    others = () if record.ranks is None else record.ranks.all
    ended_well = record.facts.stopped_by != "exception" and not record.facts.is_gone
    return ended_well and not recorder_failed(record) and first_to_fail(others) is None


def _failed(run: CheckRun) -> str:
    return f"The check {run.name} ({run.code}) failed, and what it looks for may be missed: {run.error}"


def _version() -> str:
    """Return the version that judges; `0` where gradprobe runs from a checkout that is not installed."""
    try:
        return version("gradprobe")
    except PackageNotFoundError:
        return "0"
