"""Results: findings in their order, then flags that are not green, then what is allowed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from gradprobe.text.utf8 import writable
from gradprobe_reports.jsonable import Json, evidence, texts
from gradprobe_reports.places import home, is_file
from gradprobe_reports.plain import spot
from gradprobe_reports.sarif.fingerprints import Fingerprints
from gradprobe_reports.sarif.locations import at, related, whole_file
from gradprobe_reports.sarif.rules import FLAG_LEVEL, LEVEL

if TYPE_CHECKING:
    from gradprobe.values import Allowed, Finding, Flag, Report, Site
    from gradprobe_reports.places import Roots
    from gradprobe_reports.sarif.rules import Rules

FINDING: Final = "gradprobeFinding/v1"
STATEMENT: Final = "gradprobeStatement/v1"
FLAG: Final = "gradprobeFlag/v1"


def results(report: Report, rules: Rules, where: Roots) -> list[Json]:
    """Return every result of a report; in a step of GitHub Actions, without what is allowed.

    GitHub opens an alert for a suppressed result as for any other: <https://github.com/github/codeql-action/issues/1230>.

    Args:
        report: The judged run.
        rules: Where to take rules from.
        where: What paths are relative to.
    """
    program = whole_file(home(report, where), where)
    prints = Fingerprints(where)
    allowed = () if os.environ.get("GITHUB_ACTIONS") == "true" else report.allowed
    flags = [flag for flag in report.flags if flag.colour in FLAG_LEVEL]
    return [
        *(_finding(one, rules, where, prints, program) for one in report.findings),
        *(_flag(one, rules, prints, program) for one in flags),
        *(_allowed(one, rules, where, prints, program) for one in allowed),
    ]


def _finding(
    one: Finding, rules: Rules, where: Roots, prints: Fingerprints, program: dict[str, Json]
) -> dict[str, Json]:
    rule, place = rules.check(one.code, one.check)
    result: dict[str, Json] = {
        "ruleId": rule,
        "ruleIndex": place,
        "level": LEVEL[one.severity],
        "message": {"text": _message(one, where)},
        "locations": [_location(one.location, where, program)],
        "partialFingerprints": {
            FINDING: prints.of_finding(one),
            STATEMENT: prints.of_statement(one.code, one.check, one.location),
        },
        "properties": {
            "confidence": one.confidence.value,
            "firstStep": int(one.first_step),  # It may be a number of numpy.
            "lastStep": int(one.last_step),
            "modules": texts(one.modules),
            "evidence": evidence(one.evidence),
        },
    }
    if ends := related(one.related, where):
        result["relatedLocations"] = ends
    return result


def _flag(flag: Flag, rules: Rules, prints: Fingerprints, program: dict[str, Json]) -> dict[str, Json]:
    rule, place = rules.flag(flag)
    text = f"{flag.name} is {flag.colour.value}: expected {flag.expected}, observed {flag.observed}"
    return {
        "ruleId": rule,
        "ruleIndex": place,
        "level": FLAG_LEVEL[flag.colour],
        "message": {"text": _plain(text)},
        "locations": [program],
        "partialFingerprints": {FLAG: prints.of_flag(flag.name)},
    }


def _allowed(
    one: Allowed, rules: Rules, where: Roots, prints: Fingerprints, program: dict[str, Json]
) -> dict[str, Json]:
    rule, place = rules.check(one.code, one.check)
    # A comment stands in the source, a line of the policy does not.
    kind = "inSource" if one.by.startswith("a comment") else "external"
    reason = f"{one.by}: {one.reason}" if one.reason else one.by
    return {
        "ruleId": rule,
        "ruleIndex": place,
        "level": "note",
        "message": {"text": _plain(one.title) or "(no title)"},
        "locations": [_location(one.location, where, program)],
        "partialFingerprints": {STATEMENT: prints.of_statement(one.code, one.check, one.location)},
        "suppressions": [{"kind": kind, "status": "accepted", "justification": writable(reason)}],
    }


def _location(site: Site | None, where: Roots, program: dict[str, Json]) -> Json:
    return at(site, where) if site is not None and is_file(site.file) else program


def _message(one: Finding, where: Roots) -> str:
    """Return the finding in words, with a link for each related location: GitHub shows no other."""
    parts = [_plain(one.title), _plain(one.message), f"Fix: {_plain(one.fix)}"]
    if one.not_this:
        parts.append(f"Not: {_plain(one.not_this)}")
    if one.location is not None and not is_file(one.location.file):
        parts.append(f"The line is {_plain(spot(one.location, where))}, which is in no file.")
    links = []
    for position, end in enumerate((end for end in one.related if is_file(end.site.file)), start=1):
        links.append(f"[{_link(end.role)}]({position})")
    links += [_plain(f"{end.role} at {spot(end.site, where)}") for end in one.related if not is_file(end.site.file)]
    if links:
        parts.append(f"See: {', '.join(links)}")
    return "\n\n".join(parts)


def _plain(text: str) -> str:
    """Return text in which nothing is taken for a link: a message's links look like those of Markdown."""
    return writable(text).replace("](", "\\](")


def _link(role: str) -> str:
    text = writable(role) or "related"
    return text.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")
