"""What a check found: one cause, with the line to edit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from gradprobe.values.site import Site


class Severity(str, Enum):
    """How bad: `error` cannot work as written, `warning` probably does not do what was meant, `info` changes nothing."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Confidence(str, Enum):
    """How sure, independent of how bad."""

    CERTAIN = "certain"
    LIKELY = "likely"
    POSSIBLE = "possible"


@dataclass(frozen=True, slots=True)
class RelatedSite:
    """Another end of a finding.

    Attributes:
        site: The place.
        role: What happened there: `backward`, `first backward`, `saved here`, `optimizer built here`, …
    """

    site: Site
    role: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One cause, found by one check; the fields are those of the JSON report.

    Attributes:
        check: Name of the check, in words that complete "allow …".
        code: Its stable code, `GP101`.
        severity: How bad.
        confidence: How sure.
        title: One line.
        message: Why, in two sentences.
        fix: What to do.
        not_this: The popular wrong fix, and why it is wrong; empty where there is none.
        location: The line to edit; None only where no single line can be named, and then the message says why.
        related: The other ends.
        modules: Names of the modules concerned.
        parameters: Names of the parameters concerned.
        first_step: First step it was seen in.
        last_step: Last step it was seen in.
        evidence: Numbers that bear it out.
    """

    check: str
    code: str
    severity: Severity
    confidence: Confidence
    title: str
    message: str
    fix: str
    not_this: str
    location: Site | None
    first_step: int
    last_step: int
    related: tuple[RelatedSite, ...] = ()
    modules: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    evidence: Mapping[str, float | int | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Allowed:
    """A finding that the user said is meant.

    Attributes:
        check: Name of the check.
        code: Its code.
        title: The finding's title.
        location: Its line.
        by: What allows it: a comment, a line of the policy.
        reason: What the user gave as the reason; empty where none.
    """

    check: str
    code: str
    title: str
    location: Site | None
    by: str
    reason: str
