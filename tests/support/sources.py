"""Runs to compare, written by hand: a record, judged without a check, with the findings and flags that a test names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from gradprobe.compare import Source
from gradprobe.engine.judge import judge
from gradprobe.policy import load_policy
from gradprobe.values import Finding, Flag
from tests.support.records import record

STEPS = 40


def source(
    name: str = "run",
    modules: Mapping[str, Sequence[str]] | None = None,
    norms: Mapping[str, Sequence[float] | float] | None = None,
    metrics: Mapping[str, Sequence[float]] | None = None,
    *,
    findings: Sequence[Finding] = (),
    flags: Sequence[Flag] | None = None,
    seconds: Sequence[float] | float | None = None,
    **more: object,
) -> Source:
    """Return a run of `STEPS` steps (or `steps`) of `encoder` and `head`, each with a weight and a norm of 1.

    Args:
        name: Its name.
        modules: Other modules.
        norms: As in `tests.support.records.record`.
        metrics: Likewise.
        findings: What checks found.
        flags: The flags; those of the default policy by default.
        seconds: Durations of steps; a second each by default.
        more: Further arguments of `record`.
    """
    more.setdefault("steps", STEPS)
    made = record(modules or {"encoder": ["weight"], "head": ["weight"]}, norms, metrics, **more)  # type: ignore[arg-type]
    if seconds is not None:
        rows = np.broadcast_to(np.asarray(seconds, np.float64), len(made.steps)).copy()
        made = replace(made, steps=replace(made.steps, seconds=rows))
    report = judge(made, load_policy("default"), (), draw=False)
    report = replace(report, findings=tuple(findings), flags=report.flags if flags is None else tuple(flags))
    return Source(name, report, made)


def wobbling(level: float, seed: int = 0, steps: int = STEPS, decades: float = 0.05) -> list[float]:
    """Return norms around a level, with noise that is normal in their logarithm."""
    noise = np.random.default_rng(seed).normal(0.0, decades, steps)
    return [float(level * 10**one) for one in noise]
