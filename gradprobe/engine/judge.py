"""Judges a record: checks, flags, the health table, and what was not seen."""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from gradprobe.engine.allowances import allow
from gradprobe.engine.checking import run_checks
from gradprobe.engine.evidence import gather
from gradprobe.engine.flags import judge_flags
from gradprobe.engine.health import module_health
from gradprobe.engine.metrics import metric_trends
from gradprobe.engine.not_seen import not_seen
from gradprobe.engine.selection import choose
from gradprobe.engine.verdict import verdict_of
from gradprobe.values import Report

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from gradprobe.extensions import Check
    from gradprobe.policy.schema import Policy
    from gradprobe.record.record import Record


def judge(
    record: Record,
    policy: Policy,
    checks: Sequence[Check],
    *,
    select: Collection[str] = (),
    ignore: Collection[str] = (),
) -> Report:
    """Return the report of a run.

    Args:
        record: The run, of one rank.
        policy: What a healthy run looks like.
        checks: The checks to run.
        select: Names or codes of the only checks to run; empty for all.
        ignore: Names or codes of checks not to run.

    Raises:
        UsageError: If `select` or `ignore` names no check of `checks`.
    """
    findings, failures = run_checks(record, choose(checks, select, ignore))
    findings, allowed, stale = allow(findings, record, policy)
    evidence = gather(record)
    flags = judge_flags(policy, evidence)
    return Report(
        gradprobe=_version(),
        run=replace(record.facts, policy=policy.name),
        verdict=verdict_of(flags, findings),
        flags=flags,
        findings=findings,
        modules=module_health(record, evidence.norms),
        metrics=metric_trends(record, evidence.trends),
        not_seen=(*failures, *stale, *not_seen(record)),
        allowed=allowed,
    )


def _version() -> str:
    """Return the version that judges; `0` where gradprobe runs from a checkout that is not installed."""
    try:
        return version("gradprobe")
    except PackageNotFoundError:
        return "0"
