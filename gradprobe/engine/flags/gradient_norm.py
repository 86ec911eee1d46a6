"""Judges `gradient-norm`: the median gradient norm of a module lies within a range."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gradprobe.engine.flags.outcome import Observed, Outcome, not_due, too_early
from gradprobe.engine.flags.targets import judge_modules
from gradprobe.engine.health import weighted_median
from gradprobe.text.figures import plural

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gradprobe.engine.evidence import Evidence
    from gradprobe.policy.schema import GradientNorm
    from gradprobe.record.record import Module
    from gradprobe.values import Flag


def judge_gradient_norm(flag: GradientNorm, evidence: Evidence) -> Flag:
    """Judge the topmost modules that the flag means."""
    record, rows = evidence.record, evidence.norms.norms

    def observe(position: int) -> Observed:
        return _observe(flag, record.modules[position], rows[position], record.steps.span)

    return judge_modules(flag, f"{flag.low:g} to {flag.high:g}", flag.module, record, observe)


def _observe(flag: GradientNorm, module: Module, norms: NDArray[np.float64], span: NDArray[np.int64]) -> Observed:
    """Return what was observed of one module: the median over the steps in which its gradient was finite and not zero.

    A module that never had one is not measured by this flag unless it was due often enough: then its norm is zero, or
    there is none.
    """
    counts = module.counts
    if counts.looked_at == 0:
        return not_due(module.name)
    if counts.flowing == 0 and counts.non_finite == 0 and counts.looked_at >= flag.window:
        return Observed(
            module.name, Outcome.BROKEN, f"{'0' if counts.zero else 'none'} in {plural(counts.looked_at, 'step')}"
        )
    if counts.flowing < flag.window:
        return too_early(module.name, counts.flowing, flag.window)
    median = weighted_median(np.where(norms > 0.0, norms, np.nan), span)
    if median is None:
        return Observed(module.name, Outcome.UNKNOWN, "no norm was kept")
    within = flag.low <= median <= flag.high
    return Observed(
        module.name,
        Outcome.HOLDS if within else Outcome.BROKEN,
        f"median {median:.2e} over {plural(counts.flowing, 'step')}",
    )
