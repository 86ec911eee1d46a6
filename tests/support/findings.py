"""Findings for tests of what is done with them."""

from __future__ import annotations

from gradprobe.values import Confidence, Finding, Severity


def finding(
    severity="error", confidence="certain", first_step=0, *, check="test", code="GP101", location=None, parameters=()
):
    """Return a finding; what a test does not name says nothing."""
    return Finding(
        check=check,
        code=code,
        severity=Severity(severity),
        confidence=Confidence(confidence),
        title="t",
        message="m",
        fix="f",
        not_this="",
        location=location,
        first_step=first_step,
        last_step=first_step,
        parameters=parameters,
    )
