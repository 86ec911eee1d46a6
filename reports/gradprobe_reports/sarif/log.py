"""The whole log: one run of one tool."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from gradprobe.text.utf8 import writable
from gradprobe_reports.jsonable import Json, number
from gradprobe_reports.places import file_uri, roots
from gradprobe_reports.sarif.invocation import invocation
from gradprobe_reports.sarif.locations import ROOT
from gradprobe_reports.sarif.results import results
from gradprobe_reports.sarif.rules import Rules

if TYPE_CHECKING:
    from gradprobe.values import Report

_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_SEMANTIC: Final = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)([-+][0-9A-Za-z.+-]+)?")


def log(report: Report) -> dict[str, Json]:
    """Return the report as a SARIF log."""
    where = roots()
    rules = Rules(report)
    found = results(report, rules, where)
    program = report.run.script if report.run.script.startswith("-m ") else where.shown(report.run.script)
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {**_driver(report), "rules": rules.descriptors()}},
                # One category a script: an upload replaces those of its own category, and no others.
                "automationDetails": {"id": f"gradprobe/{writable(program).strip('/')}/"},
                "originalUriBaseIds": {ROOT: {"uri": _folder(file_uri(where.sources))}},
                "invocations": [invocation(report, where)],
                "columnKind": "unicodeCodePoints",
                "results": found,
                "properties": _properties(report),
            }
        ],
    }


def _driver(report: Report) -> dict[str, Json]:
    version = writable(report.gradprobe)
    driver: dict[str, Json] = {
        "name": "gradprobe",
        "fullName": f"gradprobe {version}",
        "version": version,
        "language": "en",
    }
    if _SEMANTIC.fullmatch(report.gradprobe):
        driver["semanticVersion"] = report.gradprobe
    return driver


def _folder(uri: str) -> str:
    return uri if uri.endswith("/") else f"{uri}/"


def _properties(report: Report) -> dict[str, Json]:
    run = report.run
    return {
        "verdict": report.verdict.value,
        "script": writable(run.script),
        "steps": run.steps,
        "deepSteps": run.deep_steps,
        "seconds": number(run.seconds),
        "device": writable(run.device),
        "torch": writable(run.torch),
        "python": writable(run.python),
        "policy": writable(run.policy),
    }
