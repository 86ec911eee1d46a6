"""The report as JSON, schema 1, for CI and other programs; `report.schema.json` beside this file describes it.

JSON has no NaN and no infinity, so a number that is not finite is written as the string `"nan"`, `"inf"` or `"-inf"`;
`null` means that there was no value at all (a module that never had a gradient). The text is ASCII, whatever the names.
"""

from __future__ import annotations

import json
import math
from importlib.resources import files
from numbers import Integral
from typing import IO, Final, TypeAlias

from gradprobe.extensions import Format
from gradprobe.text.utf8 import writable
from gradprobe.text.words import relative
from gradprobe.values import Allowed, Finding, Flag, MetricTrend, ModuleHealth, Report, RunFacts, Site

SCHEMA_VERSION: Final = 1

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"


def write(report: Report, file: IO[str]) -> None:
    """Write the report as indented JSON with a final newline."""
    file.write(json.dumps(document(report), indent=2, allow_nan=False) + "\n")


def document(report: Report) -> dict[str, Json]:
    """Return the report as the JSON document that `report.schema.json` describes."""
    return {
        "schema": SCHEMA_VERSION,
        "gradprobe": writable(report.gradprobe),
        "run": _run(report.run),
        "verdict": report.verdict.value,
        "flags": [_flag(flag) for flag in report.flags],
        "findings": [_finding(finding) for finding in report.findings],
        "modules": [_module(module) for module in report.modules],
        "metrics": [_metric(metric) for metric in report.metrics],
        "not_seen": _texts(report.not_seen),
        "allowed": [_allowed(one) for one in report.allowed],
    }


def schema() -> dict[str, Json]:
    """Return the JSON Schema (draft 2020-12) of the document."""
    loaded: dict[str, Json] = json.loads(files("gradprobe_reports").joinpath("report.schema.json").read_text("utf-8"))
    return loaded


def _run(run: RunFacts) -> Json:
    return {
        "script": writable(run.script),
        "argv": _texts(run.argv),
        "steps": run.steps,
        "deep_steps": run.deep_steps,
        "ranks": run.ranks,
        "device": writable(run.device),
        "torch": writable(run.torch),
        "python": writable(run.python),
        "started": writable(run.started),
        "seconds": _number(run.seconds),
        "exit_code": run.exit_code,
        "exception": None if run.exception is None else writable(run.exception),
        "stopped_by": run.stopped_by,
    }


def _flag(flag: Flag) -> Json:
    return {
        "name": writable(flag.name),
        "colour": flag.colour.value,
        "expected": writable(flag.expected),
        "observed": writable(flag.observed),
    }


def _finding(finding: Finding) -> Json:
    return {
        "check": writable(finding.check),
        "code": writable(finding.code),
        "severity": finding.severity.value,
        "confidence": finding.confidence.value,
        "title": writable(finding.title),
        "message": writable(finding.message),
        "fix": writable(finding.fix),
        "not_this": writable(finding.not_this),
        "location": None if finding.location is None else _site(finding.location),
        "related": [{**_site(related.site), "role": writable(related.role)} for related in finding.related],
        "modules": _texts(finding.modules),
        "parameters": _texts(finding.parameters),
        "first_step": finding.first_step,
        "last_step": finding.last_step,
        "evidence": {writable(key): _evidence(value) for key, value in finding.evidence.items()},
    }


def _allowed(allowed: Allowed) -> Json:
    return {
        "check": writable(allowed.check),
        "code": writable(allowed.code),
        "title": writable(allowed.title),
        "location": None if allowed.location is None else _site(allowed.location),
        "by": writable(allowed.by),
        "reason": writable(allowed.reason),
    }


def _site(site: Site) -> dict[str, Json]:
    return {
        "file": writable(relative(site.file)),
        "line": site.line,
        "function": writable(site.function),
        "code": writable(site.code),
    }


def _module(module: ModuleHealth) -> Json:
    return {
        "name": writable(module.name),
        "parameters": module.parameters,
        "trainable": module.trainable,
        "grad_norm": {
            "last": _number(module.last),
            "median": _number(module.median),
            "min": _number(module.smallest),
            "max": _number(module.largest),
        },
        "steps_with_gradient": module.steps_with_gradient,
        "steps_with_zero_gradient": module.steps_with_zero_gradient,
        "steps_without_gradient": module.steps_without_gradient,
    }


def _metric(metric: MetricTrend) -> Json:
    return {
        "name": writable(metric.name),
        "first": _number(metric.first),
        "last": _number(metric.last),
        "trend": metric.trend.value,
    }


def _evidence(value: float | int | str) -> Json:
    if isinstance(value, str):
        return writable(value)
    # numpy's integers are not `int`, and its float32 is not `float`; a check may hand over either.
    return int(value) if isinstance(value, Integral) else _number(value)


def _number(value: float | None) -> Json:
    if value is None:
        return None
    value = float(value)
    return value if math.isfinite(value) else str(value)


def _texts(texts: tuple[str, ...]) -> list[Json]:
    return [writable(text) for text in texts]


FORMAT: Final = Format(name="json", suffixes=(".json",), write=write)
