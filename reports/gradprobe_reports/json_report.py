"""The report as JSON, schema 1, for CI and other programs; `report.schema.json` beside this file describes it.

A number that is not finite is written as the string `"nan"`, `"inf"` or `"-inf"`; `null` means that there was no value
at all (a module that never had a gradient). The text is ASCII, whatever the names.
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import IO, Final

from gradprobe.extensions import Format
from gradprobe.text.utf8 import writable
from gradprobe.text.words import relative
from gradprobe.values import (
    Allowed,
    CheckRun,
    Finding,
    Flag,
    MetricTrend,
    ModuleHealth,
    RankRow,
    Report,
    RunFacts,
    Site,
)
from gradprobe_reports.comparison import write_json
from gradprobe_reports.jsonable import Json, evidence, number, texts

SCHEMA_VERSION: Final = 1


def write(report: Report, file: IO[str]) -> None:
    """Write the report as indented JSON with a final newline."""
    file.write(json.dumps(document(report), indent=2, allow_nan=False) + "\n")


def document(report: Report) -> dict[str, Json]:
    """Return the report as the JSON document that `report.schema.json` describes."""
    return {
        "schema": SCHEMA_VERSION,
        "gradprobe": writable(report.gradprobe),
        "run": run_document(report.run),
        "verdict": report.verdict.value,
        "flags": [flag_document(flag) for flag in report.flags],
        "findings": [finding_document(finding) for finding in report.findings],
        "modules": [_module(module) for module in report.modules],
        "metrics": [_metric(metric) for metric in report.metrics],
        "not_seen": texts(report.not_seen),
        "allowed": [_allowed(one) for one in report.allowed],
        "checks": [_check(one) for one in report.checks],
        "ranks": [_rank(one) for one in report.ranks],
    }


def schema() -> dict[str, Json]:
    """Return the JSON Schema (draft 2020-12) of the document."""
    loaded: dict[str, Json] = json.loads(files("gradprobe_reports").joinpath("report.schema.json").read_text("utf-8"))
    return loaded


def run_document(run: RunFacts) -> Json:
    """Return the facts of a run, as in a report."""
    return {
        "script": writable(run.script),
        "argv": texts(run.argv),
        "steps": run.steps,
        "deep_steps": run.deep_steps,
        "ranks": run.ranks,
        "device": writable(run.device),
        "torch": writable(run.torch),
        "python": writable(run.python),
        "started": writable(run.started),
        "seconds": number(run.seconds),
        "exit_code": run.exit_code,
        "exception": None if run.exception is None else writable(run.exception),
        "stopped_by": run.stopped_by,
    }


def flag_document(flag: Flag) -> Json:
    """Return a flag, as in a report."""
    return {
        "name": writable(flag.name),
        "colour": flag.colour.value,
        "expected": writable(flag.expected),
        "observed": writable(flag.observed),
    }


def finding_document(finding: Finding) -> Json:
    """Return a finding, as in a report."""
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
        "modules": texts(finding.modules),
        "parameters": texts(finding.parameters),
        "first_step": int(finding.first_step),  # It may be a number of numpy.
        "last_step": int(finding.last_step),
        "evidence": evidence(finding.evidence),
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


def _rank(row: RankRow) -> Json:
    return {
        "rank": row.rank,
        "host": writable(row.host),
        "pid": row.pid,
        "steps": row.steps,
        "skipped": row.skipped,
        "loss": number(row.loss),
        "ending": writable(row.ending),
        "failed_first": row.failed_first,
    }


def _check(run: CheckRun) -> Json:
    return {
        "check": writable(run.name),
        "code": writable(run.code),
        "error": writable(run.error) if run.error else None,
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
            "last": number(module.last),
            "median": number(module.median),
            "min": number(module.smallest),
            "max": number(module.largest),
        },
        "steps_with_gradient": module.steps_with_gradient,
        "steps_with_zero_gradient": module.steps_with_zero_gradient,
        "steps_without_gradient": module.steps_without_gradient,
    }


def _metric(metric: MetricTrend) -> Json:
    return {
        "name": writable(metric.name),
        "first": number(metric.first),
        "last": number(metric.last),
        "trend": metric.trend.value,
    }


FORMAT: Final = Format(name="json", suffixes=(".json",), write=write, write_comparison=write_json)
