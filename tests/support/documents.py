"""JSON reports, each held to the schema that is shipped, wherever a test makes or reads one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import jsonschema

from gradprobe.engine import judge as judged
from gradprobe_reports.json_report import document, schema

if TYPE_CHECKING:
    from pathlib import Path

    from gradprobe.values import Report

VALIDATOR = jsonschema.Draft202012Validator(schema())
"""Made once: a report is held to it in 20 ms."""


def parsed(text: str) -> dict[str, Any]:
    """Read a JSON report; Python's own reader would take NaN too, which is no JSON."""
    found: dict[str, Any] = json.loads(text, parse_constant=_refuse)
    VALIDATOR.validate(found)
    return found


def report_in(path: Path) -> dict[str, Any]:
    """Read the JSON report in a file."""
    return parsed(path.read_text(encoding="utf-8"))


def judge(*arguments: Any, **options: Any) -> Report:
    """Judge a record as the engine does; the report is one that the schema has room for."""
    report = judged(*arguments, **options)
    VALIDATOR.validate(document(report))
    return report


def _refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is not JSON")
