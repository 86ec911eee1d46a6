"""Logs of frameworks that leave out losses that are not finite."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gradprobe_checks.provenance import observations

if TYPE_CHECKING:
    from gradprobe.record.record import Metric, Record
    from gradprobe.values import Observation


def filtered(record: Record) -> tuple[Observation, Metric] | None:
    """Return what says that a framework's log leaves out losses that are not finite, and a loss that it left out so.

    None where the log says of it, or where all losses were finite.
    """
    seen = next((one for one, _ in observations(record, "filtered-log")), None)
    if seen is None:
        return None
    lost = [one for one in record.metrics.values() if one.source == "loss" and not np.isfinite(one.values).all()]
    logged = [one for one in record.metrics.values() if one.source == "transformers" and one.name == "loss"]
    if not lost or any(not np.isfinite(one.values).all() for one in logged):
        return None
    return seen, lost[0]


def hidden_in_log(record: Record) -> str:
    """Return a sentence that says so, with a space before it, for findings of values that are not finite; empty otherwise."""
    found = filtered(record)
    if found is None:
        return ""
    seen, _ = found
    return (
        f" The Trainer's log does not show it: {seen.detail['setting']} is on (line {seen.site.line}), which puts the average of "
        "the losses before in place of one that is NaN or infinite."
    )
