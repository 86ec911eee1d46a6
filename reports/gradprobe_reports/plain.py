"""Findings and facts in plain words, for formats that are text in somebody else's frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gradprobe.text.figures import seconds
from gradprobe.text.safe import safe, safe_lines
from gradprobe_reports.span import when

if TYPE_CHECKING:
    from gradprobe.values import Finding, RunFacts, Site
    from gradprobe_reports.places import Roots

_LABEL: Final = 5
_MOST_NAMES: Final = 10


def why(finding: Finding) -> str:
    """Return why it is one: the message, its lines kept."""
    return "\n".join(safe_lines(finding.message))


def spot(site: Site, where: Roots) -> str:
    """Return a site as `models/qwen.py:144`."""
    line = f":{site.line}" if site.line else ""
    return f"{safe(where.shown(site.file))}{line}"


def advice(finding: Finding, where: Roots) -> list[tuple[str, str]]:
    """Return what to do, what not to do, the other ends, and the modules concerned, each with a label of three letters."""
    rows = [("fix", safe(finding.fix)), ("not", safe(finding.not_this))]
    rows += [
        ("see", "  ".join(filter(None, (f"{safe(end.role)} {spot(end.site, where)}", safe(end.site.code)))))
        for end in finding.related
    ]
    rows.append(("in", names(finding.modules)))
    return [(label, text) for label, text in rows if text.strip()]


def names(modules: tuple[str, ...], width: int | None = None) -> str:
    """Return the first ten names, each in so many cells, and how many more there are."""
    shown = ", ".join(safe(name, width) for name in modules[:_MOST_NAMES])
    rest = len(modules) - _MOST_NAMES
    return f"{shown} and {rest} more" if rest > 0 else shown


def whole(finding: Finding, where: Roots, steps: int) -> str:
    """Return all there is to say about a finding, over several lines.

    Args:
        finding: The finding.
        where: What paths are relative to.
        steps: Steps of the run, to say `since step 3` of what lasted to its end.
    """
    span = when(finding.first_step, finding.last_step, steps)
    head = f"{finding.severity.value.upper()}  {safe(finding.title)}"
    lines = [head, f"{safe(finding.check)} {safe(finding.code)}, {finding.confidence.value}, {span}"]
    if finding.location is not None:
        inside = finding.location.function
        lines.append(spot(finding.location, where) + (f" in {safe(inside)}" if inside not in ("", "<module>") else ""))
        lines += [f"    {safe(finding.location.code)}"] if finding.location.code else []
    lines += ["", why(finding), ""]
    lines += [f"{label:<{_LABEL}} {text}" for label, text in advice(finding, where)]
    return "\n".join(lines)


def facts(run: RunFacts) -> str:
    """Return duration, device, versions, policy and how the run ended, in one line; what is not known is left out."""
    device = f"on {safe(run.device, 20)}" if run.device else ""
    said = (
        " ".join(filter(None, (seconds(run.seconds), device))),
        f"{run.ranks} ranks" if run.ranks > 1 else "",
        f"torch {safe(run.torch, 20)}" if run.torch else "torch was never imported",
        f"policy {safe(run.policy, 30)}" if run.policy else "",
        _ending(run),
    )
    return ", ".join(fact for fact in said if fact)


def _ending(run: RunFacts) -> str:
    if run.stopped_by == "max-batches":
        return f"stopped by --max-batches {run.steps}"
    if run.stopped_by == "exception":
        return f"ended by {safe(run.exception, 80)}" if run.exception else f"ended by exit code {run.exit_code}"
    if run.stopped_by == "signal":
        return "ended by a signal"
    if run.stopped_by is None:
        return "still running, or killed"
    return f"exit code {run.exit_code}" if run.exit_code else ""
