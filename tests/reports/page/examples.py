"""Reports with ways and something to draw, written by hand, for the tests of the page."""

from __future__ import annotations

import itertools
from dataclasses import fields, is_dataclass, replace
from enum import Enum

import numpy as np

from gradprobe.values import (
    Allowed,
    Barrier,
    Colour,
    Confidence,
    Finding,
    Flag,
    ModuleState,
    RelatedSite,
    Report,
    Series,
    Severity,
    Site,
    Track,
    Way,
)
from tests.reports.examples import MISSING, MODULES, RED, RUN, module

BACKWARD = Site("/home/me/train.py", 352, "main", "loss.backward()")
CUT = Site("/home/me/policy.py", 144, "HumanRLAugmentor.apply", "@torch.no_grad()")
FIRST = Site("/home/me/policy.py", 151, "HumanRLAugmentor.apply", "mixed = prompt + ctrl @ self.mix")
TARGET = Site("/home/me/agent.py", 20, "target", "goal = self.critic(x).detach()")

SEVERED = Finding(
    check="severed-gradient",
    code="GP101",
    severity=Severity.ERROR,
    confidence=Confidence.CERTAIN,
    title="the gradient of qwen ends here",
    message="The gradient ends here. 28 parameters of qwen reach the loss only through this method, which runs with gradients off.",
    fix="remove the decorator; keep no_grad only around the statistics that need it",
    not_this="a higher learning rate for qwen: its gradient is absent, not small",
    location=CUT,
    first_step=0,
    last_step=99,
    related=(RelatedSite(BACKWARD, "backward"), RelatedSite(FIRST, "first operation without a graph")),
    modules=("qwen",),
    parameters=("qwen.embedder.embed_tokens.weight",),
    evidence={"severed_parameters": 28, "share": 0.5},
)

WAYS = (
    Way(
        loss="loss",
        site=BACKWARD,
        reached=("agent.encoder", "agent.head"),
        parameters=6,
        barriers=(
            Barrier("no_grad", "matmul", CUT, FIRST, ("qwen",), 28),
            Barrier("detach", "detach", TARGET, TARGET, ("agent.critic",), 4),
        ),
        frozen=("pooler",),
    ),
)

TREE = (
    *(replace(row, state=ModuleState.SEVERED) if row.name.startswith("qwen") else row for row in MODULES),
    module("spare", ModuleState.UNUSED, none=100),
)


def track(name: str, values, *, spread: float = 0.0, missing=(), non_finite=()) -> Track:
    """A track with a band around its values; `missing` and `non_finite` are buckets."""
    values = np.array(values, np.float64)
    marks = [np.isin(np.arange(len(values)), list(where)) for where in (missing, non_finite)]
    values = np.where(marks[0], np.nan, values)
    return Track(name, values, values / (1 + spread), values * (1 + spread), marks[1], marks[0])


def series(modules, buckets: int = 100, *, width: int = 1, seed: int = 0) -> Series:
    """What there is to draw of modules: noise around their medians; none where they have none."""
    random = np.random.default_rng(seed)
    first = np.arange(buckets, dtype=np.int64) * width
    last = first + width - 1
    spread = 0.0 if width == 1 else 0.5

    def norms(row):
        if row.last is None:
            return track(row.name, np.full(buckets, np.nan), missing=range(buckets))
        noise = np.exp(random.normal(0, 0.3, buckets))
        return track(row.name, row.last * noise, spread=spread, non_finite=[buckets // 2])

    losses = 4 * np.exp(-first / last[-1]) + random.normal(0, 0.05, buckets)
    return Series(
        first=first,
        last=last,
        norms=tuple(map(norms, modules)),
        metrics=(track("loss", losses, spread=spread), track("mask_ratio", np.full(buckets, 0.98))),
        learning_rates=(track("AdamW", np.linspace(1e-3, 0, buckets)),),
        update_ratios=(track("agent", [1e-3 if at % 9 == 0 else np.nan for at in range(buckets)]),),
        deep=((0, 2), (40, 40)),
    )


PAGE = replace(
    RED,
    run=replace(RUN, deep_steps=4),
    findings=(SEVERED, replace(MISSING, modules=("spare",)), replace(MISSING, severity=Severity.INFO, title="a word")),
    modules=TREE,
    ways=WAYS,
    series=series(TREE),
    allowed=(Allowed("missing-detach", "GP105", "the critic is detached", TARGET, "a comment", "target"),),
)

PAYLOADS = (
    "</script><script>window.hacked=1</script>",
    "<img src=x onerror=window.hacked=2>",
    '" onmouseover="window.hacked=3" x="',
    "' autofocus onfocus='window.hacked=4'",
    "</pre></code></style><!-- {{ 7*7 }} {% raw %} ${7*7}",
    "javascript:window.hacked=5",
    "\x1b[31m\x00\x07\u202edesrever\ud800\u2028 &lt;b&gt;",
)


def poisoned(value, payloads):
    """Return the value with every text in it replaced by a payload, each different from the others."""
    if isinstance(value, Enum):
        return value
    if isinstance(value, str):
        return f"{next(payloads)} #{next(_NUMBERS)}"
    if isinstance(value, tuple):
        return tuple(poisoned(one, payloads) for one in value)
    if isinstance(value, dict):
        return {poisoned(key, payloads): poisoned(one, payloads) for key, one in value.items()}
    if is_dataclass(value):
        return replace(value, **{one.name: poisoned(getattr(value, one.name), payloads) for one in fields(value)})
    return value


_NUMBERS = itertools.count()


def poisoned_report() -> Report:
    """Return the report with markup, scripts, quotes and control characters for every text."""
    report = poisoned(PAGE, itertools.cycle(PAYLOADS))
    names = [row.name for row in report.modules]
    metrics = [one.name for one in report.metrics]
    drawn = replace(
        report.series,
        norms=tuple(replace(one, name=name) for one, name in zip(report.series.norms, names, strict=True)),
        metrics=tuple(replace(one, name=name) for one, name in zip(report.series.metrics, metrics, strict=True)),
    )
    return replace(
        report, series=drawn, flags=(*report.flags, Flag("<b>", Colour.RED, "<i>", "<u>")), metrics=report.metrics
    )
