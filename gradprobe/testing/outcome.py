"""What came of one recording within a test: judged, and in words that travel."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from gradprobe.values import Colour, Severity

if TYPE_CHECKING:
    from pathlib import Path

    from gradprobe.testing.options import Options
    from gradprobe.values import Finding, Report

_LOUD: Final = (Severity.ERROR, Severity.WARNING)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A recording within a test, judged.

    Attributes:
        report: The report.
        trained: Whether it trained at all: a step, or a backward.
        fails: Whether the test is to fail by it.
        recorder_fault: What ended the recording before anything could be judged; empty where nothing did.
    """

    report: Report
    trained: bool
    fails: bool
    recorder_fault: str = ""

    @property
    def is_loud(self) -> bool:
        """Whether there is something to say."""
        shown = concise(self.report)
        return bool(shown.findings or shown.flags)


def judged(run: Path, options: Options) -> Outcome:
    """Judge a recording.

    Args:
        run: The run directory.
        options: By which policy, and what fails.

    Raises:
        GradprobeError: If it cannot be judged.
    """
    import warnings

    with warnings.catch_warnings():
        # A test suite that makes errors of warnings means those of its own code, not of what judges it.
        warnings.simplefilter("ignore")
        from gradprobe.engine.judge import judge
        from gradprobe.engine.verdict import exit_code
        from gradprobe.extensions import load_checks
        from gradprobe.policy import load_policy
        from gradprobe.record.run import read_run
        from gradprobe.values import Backward, GradientsTaken, RecorderFailed

        record = read_run(run)
        report = judge(record, load_policy(options.policy), load_checks())
        trained = record.facts.steps > 0 or any(
            isinstance(seen.call, (Backward, GradientsTaken)) for seen in record.calls
        )
        faults = [seen.incident.message for seen in record.incidents if isinstance(seen.incident, RecorderFailed)]
        fault = faults[0] if faults and not record.facts.steps else ""
        return Outcome(report, trained, bool(exit_code(report, options.fail_on)), fault)


def concise(report: Report) -> Report:
    """Return what a test says of a report: what is wrong, and nothing else."""
    return replace(
        report,
        findings=tuple(one for one in report.findings if one.severity in _LOUD),
        flags=tuple(one for one in report.flags if one.colour in (Colour.RED, Colour.AMBER)),
        modules=(),
        metrics=(),
        not_seen=(),
        allowed=(),
    )


def lines_of(report: Report) -> list[str]:
    """Return each thing that is wrong as a line: `error severed-gradient (GP101) at model.py:14: the gradient ends here`."""
    shown = concise(report)
    lines = [_line(finding) for finding in shown.findings]
    lines += [
        f"{flag.colour.value} flag {flag.name}: expected {flag.expected}, observed {flag.observed}"
        for flag in shown.flags
    ]
    return lines


def _line(finding: Finding) -> str:
    from gradprobe.text.words import relative

    place = ""
    if finding.location is not None:
        place = f" at {relative(finding.location.file)}:{finding.location.line}"
    return f"{finding.severity.value} {finding.check} ({finding.code}){place}: {finding.title}"
