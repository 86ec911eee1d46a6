"""Comparisons written by hand, for every test of a format."""

from __future__ import annotations

from dataclasses import replace

from gradprobe.values import Colour, Severity, Site, Trend, Verdict
from gradprobe.values.comparison import (
    Change,
    ChangeKind,
    ComparedRun,
    Comparison,
    Effect,
    MetricRow,
    NormRow,
    StepTime,
)
from tests.reports.examples import FLAGS, HOSTILE, MISSING, RUN

CUT = replace(
    MISSING,
    check="severed-gradient",
    code="GP101",
    severity=Severity.ERROR,
    title="the gradient of encoder ends here",
    location=Site("/home/me/model.py", 31, "Model.forward", "hidden = self.encoder(x).detach()"),
    modules=("encoder",),
)

CHANGES = (
    Change(
        ChangeKind.FINDING,
        Effect.REGRESSION,
        Severity.ERROR,
        "severed-gradient",
        "New: the gradient of encoder ends here.",
        "not found",
        "error from step 0",
        ("The gradient of encoder is gone: none in 100 steps, before in 100 of 100 steps.",),
        CUT,
    ),
    Change(
        ChangeKind.NORM,
        Effect.REGRESSION,
        Severity.WARNING,
        "head",
        "The gradient norm of head is 120 times larger: 1.20e+00, before 1.00e-02 (2.1 decades, where 0.5 may be chance).",
        "1.00e-02",
        "1.20e+00",
        ("head.0", "head.2", "head.4", "head.6", "head.8", "head.10"),
    ),
    Change(
        ChangeKind.STEP_TIME,
        Effect.REGRESSION,
        Severity.INFO,
        "step time",
        "A step takes 1.6 times as long: 16 ms, before 10 ms.",
        "10 ms",
        "16 ms",
    ),
    Change(
        ChangeKind.FINDING,
        Effect.IMPROVEMENT,
        Severity.INFO,
        "missing-zero-grad",
        "No longer found: gradients are not cleared between steps.",
        "error",
        "not found",
        (),
        replace(CUT, check="missing-zero-grad", code="GP300"),
    ),
    Change(
        ChangeKind.METRIC,
        Effect.CHANGE,
        Severity.INFO,
        "accuracy",
        "accuracy ends at 0.71 (up), before at 0.92 (up).",
        "0.1 to 0.92",
        "0.1 to 0.71",
    ),
)

NORMS = (
    NormRow("encoder", 0, 2.5e-3, None, None, None, None, False),
    NormRow("head", 0, 1.0e-2, 1.2, 2.079, 0.041, 0.5, True),
    NormRow("head.0", 1, 4.0e-3, 0.5, 2.097, 0.05, 0.5, True),
    NormRow("head.2", 1, 3.0e-3, 3.1e-3, 0.014, 0.05, 0.5, False),
    NormRow("head.4", 1, 0.0, 0.0, None, None, None, False),
)
METRICS = (
    MetricRow("loss", True, 2.31, 0.42, 2.3, 2.29, Trend.DOWN, Trend.FLAT, 0.95, True),
    MetricRow("accuracy", False, 0.1, 0.92, 0.1, 0.71, Trend.UP, Trend.UP, None, False),
)


def side(name, verdict=Verdict.HEALTHY, source="record"):
    return ComparedRun(name, source, RUN, verdict)


REGRESSED = Comparison(
    gradprobe="0.1.0",
    baselines=(side("runs/main-1"), side("runs/main-2.json", source="report")),
    new=side("runs/change", Verdict.RED),
    steps=100,
    warm_up=10,
    changes=CHANGES,
    unchanged=(replace(MISSING, title="embedding.weight is frozen"),),
    unchanged_flags=(FLAGS[1],),
    norms=NORMS,
    metrics=METRICS,
    step_time=StepTime(0.010, 0.016, 1.5, 1.4),
    notes=("runs/main-2.json is a report: it has no durations of steps.",),
)

SAME = replace(
    REGRESSED,
    baselines=(side("runs/main-1"),),
    new=side("runs/change"),
    changes=(),
    unchanged=(),
    unchanged_flags=(),
    norms=tuple(replace(row, new=row.base, decades=0.0, spread=0.05, threshold=1.0, moved=False) for row in NORMS[:2]),
    metrics=(replace(METRICS[0], new_last=0.43, new_trend=Trend.DOWN, moved=False),),
    notes=(),
)

CRASHED = replace(
    SAME, steps=0, warm_up=0, norms=(), metrics=(), step_time=None, notes=("No step is common to all runs.",)
)

BAD = "</script><img src=x onerror=alert(1)>|`**_@me #1 \x1b[31m\u202e\n\ud800"
"""What a name may hold: markup of every format, a control sequence, a line break, half a surrogate pair."""

HOSTILE_ONE = replace(
    REGRESSED,
    gradprobe=BAD,
    baselines=(ComparedRun(BAD, "record", HOSTILE.run, Verdict.RED),),
    new=ComparedRun(BAD, "report", HOSTILE.run, Verdict.RED),
    changes=tuple(
        replace(
            one,
            subject=BAD,
            text=BAD,
            base=BAD,
            new=BAD,
            also=(BAD,) * 20,
            finding=None if one.finding is None else HOSTILE.findings[0],
        )
        for one in CHANGES
    ),
    unchanged=HOSTILE.findings,
    unchanged_flags=tuple(replace(flag, name=BAD, observed=BAD, colour=Colour.RED) for flag in FLAGS),
    norms=tuple(replace(row, module=BAD, base=float("inf"), new=float("nan")) for row in NORMS),
    metrics=tuple(replace(row, name=BAD, new_last=float("nan")) for row in METRICS),
    notes=(BAD,),
)

ALL = {"regressed": REGRESSED, "same": SAME, "crashed": CRASHED, "hostile": HOSTILE_ONE}
