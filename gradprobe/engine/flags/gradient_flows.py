"""Judges `gradient-flows`: a module gets a gradient in the steps in which its optimizer consumes one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gradprobe.engine.flags.outcome import Observed, Outcome, not_due, too_early
from gradprobe.engine.flags.targets import judge_modules
from gradprobe.engine.norms import was_due, was_missing
from gradprobe.text.figures import plural

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gradprobe.engine.evidence import Evidence
    from gradprobe.policy.schema import GradientFlows
    from gradprobe.record.record import Module
    from gradprobe.values import Flag


def judge_gradient_flows(flag: GradientFlows, evidence: Evidence) -> Flag:
    """Judge the topmost modules that the flag means."""
    record, rows = evidence.record, evidence.norms.highest

    def observe(position: int) -> Observed:
        return _observe(flag, record.modules[position], rows[position], record.steps.span)

    return judge_modules(flag, _expected(flag), flag.module, record, observe)


def _expected(flag: GradientFlows) -> str:
    """Return what the flag asks for, in words."""
    parts = []
    if flag.first is not None:
        parts.append(f"a gradient within {flag.first} steps")
    if flag.window is not None:
        parts.append(f"never zero or none for {flag.window} steps in a row")
    return ", ".join(parts)


def _observe(flag: GradientFlows, module: Module, highest: NDArray[np.float64], span: NDArray[np.int64]) -> Observed:
    """Return what was observed of one module."""
    counts = module.counts
    due, missing = counts.looked_at, counts.zero + counts.none
    if due == 0:
        return not_due(module.name)
    kind = "zero" if counts.none == 0 else "none" if counts.zero == 0 else "zero or none"
    if missing == due:
        needed = min(number for number in (flag.first, flag.window) if number is not None)
        words = f"{kind} in {plural(due, 'step')}"
        if due >= needed:
            return Observed(module.name, Outcome.BROKEN, words)
        early = too_early(module.name, due, needed)
        return Observed(module.name, early.outcome, f"{early.words}: {words}")
    longest = min(longest_absence(highest, span), missing)
    if flag.window is not None and longest >= flag.window:
        return Observed(module.name, Outcome.BROKEN, f"{kind} for {longest} steps in a row, of {due}")
    if counts.flowing == 0:
        return Observed(module.name, Outcome.UNKNOWN, f"never finite and nonzero in {plural(due, 'step')}")
    return Observed(module.name, Outcome.HOLDS, f"in {counts.flowing} of {plural(due, 'step')}")


def longest_absence(highest: NDArray[np.float64], span: NDArray[np.int64]) -> int:
    """Return the most steps in a row in which a gradient was due and was zero or none.

    Rows in which it was not due are left out, and break nothing. A thinned row counts, with all its steps, only if no
    step in it had a gradient; some of these steps may not have been due, so that the count is an upper bound there.

    Args:
        highest: `[rows]` the highest norm of the module in each row.
        span: `[rows]` how many steps each row stands for.
    """
    due = was_due(highest)
    missing, lengths = was_missing(highest[due]), span[due]
    if not missing.any():
        return 0
    totals = np.cumsum(np.where(missing, lengths, 0))
    before = np.maximum.accumulate(np.where(missing, 0, totals))
    return int((totals - before).max())
