"""The rules of a log: a check with its page as help, or a flag of the policy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gradprobe.errors import ExtensionError
from gradprobe.extensions import load_checks
from gradprobe.text.pages import first_sentence, section
from gradprobe.text.utf8 import writable
from gradprobe.values import Colour, Confidence, Severity
from gradprobe_reports.jsonable import Json

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gradprobe.values import Finding, Flag, Report

LEVEL: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
FLAG_LEVEL: Final = {Colour.RED: "error", Colour.AMBER: "warning"}
"""Flags that are results, with how bad they are; the others hold, or could not be judged."""
_PROBLEM: Final = {"error": "error", "warning": "warning", "note": "recommendation"}
_PRECISION: Final = {Confidence.CERTAIN: "very-high", Confidence.LIKELY: "high", Confidence.POSSIBLE: "medium"}
_LONGEST: Final = 1000
"""Characters of a description; GitHub shows 1,024."""


class Rules:
    """Gives out rules as results name them, each once."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._pages = _pages()
        self._descriptors: list[Json] = []
        self._places: dict[tuple[str, str], int] = {}

    def check(self, code: str, name: str) -> tuple[str, int]:
        """Return the id of a check's rule and its place among the rules."""
        return self._placed((code, name), code, lambda: self._of_check(code, name))

    def flag(self, flag: Flag) -> tuple[str, int]:
        """Return the id of a flag's rule and its place among the rules."""
        # Not with a slash, which would make it a part of a rule `flag`.
        identity = f"flag-{writable(flag.name).replace('/', '-')}"
        return self._placed((identity, ""), identity, lambda: self._of_flag(identity, flag))

    def descriptors(self) -> list[Json]:
        """Return the rules that were given out, in this order."""
        return self._descriptors

    def _placed(self, key: tuple[str, str], identity: str, make: Callable[[], Json]) -> tuple[str, int]:
        if key not in self._places:
            self._places[key] = len(self._descriptors)
            self._descriptors.append(make())
        return writable(identity), self._places[key]

    def _of_check(self, code: str, name: str) -> Json:
        page = self._pages.get((code, name), "").strip()
        found = [one for one in self._report.findings if (one.code, one.check) == (code, name)]
        help_text = writable(page) or f"The check {writable(name)} is not installed where this report was written."
        return {
            "id": writable(code),
            "name": writable(name),
            "shortDescription": {"text": writable(first_sentence(page) if page else name)[:_LONGEST] or "(no name)"},
            "fullDescription": {"text": writable(section(page, "Why is this bad") or name)[:_LONGEST] or "(no name)"},
            "help": {"text": help_text, "markdown": help_text},
            "defaultConfiguration": {"level": (level := _level(found))},
            "properties": {
                "tags": ["pytorch", "gradient"],
                "problem.severity": _PROBLEM[level],
                "precision": _precision(found),
            },
        }

    def _of_flag(self, identity: str, flag: Flag) -> Json:
        level = FLAG_LEVEL[flag.colour]
        name, policy = writable(flag.name), writable(self._report.run.policy)
        return {
            "id": identity,
            "name": name or "(no name)",
            "shortDescription": {"text": f"The flag {name} of the policy {policy}"[:_LONGEST]},
            "fullDescription": {"text": f"Expected: {writable(flag.expected)}"[:_LONGEST]},
            "help": {
                "text": f"A flag is a line of the policy {policy}: what a healthy run looks like. Expected: "
                f"{writable(flag.expected)}. `gradprobe policy > mine.toml` writes the policy in force, to change it."
            },
            "defaultConfiguration": {"level": level},
            "properties": {"tags": ["pytorch", "gradient", "policy"], "problem.severity": _PROBLEM[level]},
        }


def _pages() -> dict[tuple[str, str], str]:
    try:
        return {(check.code, check.name): check.page for check in load_checks()}
    except ExtensionError:  # A report can be written where the checks that made it are gone.
        return {}


def _level(found: Sequence[Finding]) -> str:
    """Return the level of the worst finding; what is only ever allowed is a note."""
    severities = {one.severity for one in found}
    return next((level for severity, level in LEVEL.items() if severity in severities), "note")


def _precision(found: Sequence[Finding]) -> str:
    confidences = {one.confidence for one in found}
    return next((word for confidence, word in _PRECISION.items() if confidence in confidences), "medium")
