"""The comparison as JSON, schema 1, for CI and other programs; `comparison.schema.json` beside this file describes it.

Runs, findings and flags are those of the JSON report. A number that is not finite is the string `"nan"`, `"inf"` or `"-inf"`; `null`
means that there was none.
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from gradprobe.compare.gate import headline
from gradprobe.text.utf8 import writable
from gradprobe_reports.json_report import finding_document, flag_document, run_document
from gradprobe_reports.jsonable import Json, number, texts

if TYPE_CHECKING:
    from gradprobe.values.comparison import Change, ComparedRun, Comparison, MetricRow, NormRow, StepTime

SCHEMA_VERSION: Final = 1


def document(comparison: Comparison) -> dict[str, Json]:
    """Return the comparison as the JSON document that `comparison.schema.json` describes."""
    return {
        "schema": SCHEMA_VERSION,
        "kind": "comparison",
        "gradprobe": writable(comparison.gradprobe),
        "headline": writable(headline(comparison)),
        "baselines": [_side(one) for one in comparison.baselines],
        "new": _side(comparison.new),
        "steps": comparison.steps,
        "warm_up": comparison.warm_up,
        "changes": [_change(one) for one in comparison.changes],
        "unchanged": {
            "findings": [finding_document(one) for one in comparison.unchanged],
            "flags": [flag_document(one) for one in comparison.unchanged_flags],
        },
        "norms": [_norm(row) for row in comparison.norms],
        "metrics": [_metric(row) for row in comparison.metrics],
        "step_time": None if comparison.step_time is None else _time(comparison.step_time),
        "notes": texts(comparison.notes),
    }


def schema() -> dict[str, Json]:
    """Return the JSON Schema (draft 2020-12) of the document."""
    text = files("gradprobe_reports.comparison").joinpath("comparison.schema.json").read_text("utf-8")
    loaded: dict[str, Json] = json.loads(text)
    return loaded


def _side(side: ComparedRun) -> Json:
    return {
        "name": writable(side.name),
        "source": side.source,
        "verdict": side.verdict.value,
        "run": run_document(side.run),
    }


def _change(change: Change) -> Json:
    return {
        "kind": change.kind.value,
        "effect": change.effect.value,
        "severity": change.severity.value,
        "subject": writable(change.subject),
        "text": writable(change.text),
        "base": writable(change.base),
        "new": writable(change.new),
        "also": texts(change.also),
        "finding": None if change.finding is None else finding_document(change.finding),
    }


def _norm(row: NormRow) -> Json:
    return {
        "module": writable(row.module),
        "base": number(row.base),
        "new": number(row.new),
        "decades": number(row.decades),
        "spread": number(row.spread),
        "threshold": number(row.threshold),
        "moved": row.moved,
    }


def _metric(row: MetricRow) -> Json:
    return {
        "name": writable(row.name),
        "is_loss": row.is_loss,
        "base": {"first": number(row.base_first), "last": number(row.base_last), "trend": row.base_trend.value},
        "new": {"first": number(row.new_first), "last": number(row.new_last), "trend": row.new_trend.value},
        "threshold": number(row.threshold),
        "moved": row.moved,
    }


def _time(time: StepTime) -> Json:
    numbers = {"base": time.base, "new": time.new, "threshold": time.threshold, "seconds": time.seconds}
    return {key: number(value) for key, value in numbers.items()}
