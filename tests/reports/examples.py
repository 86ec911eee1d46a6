"""Reports written by hand, for every test of a format or a screen."""

from __future__ import annotations

from dataclasses import replace

from gradprobe.values import (
    Colour,
    Confidence,
    Finding,
    Flag,
    MetricTrend,
    ModuleHealth,
    ModuleState,
    RankRow,
    RelatedSite,
    Report,
    RunFacts,
    Severity,
    Site,
    Trend,
    Verdict,
)

RUN = RunFacts(
    script="/home/me/train.py",
    argv=("--epochs", "10"),
    steps=100,
    deep_steps=0,
    ranks=1,
    device="cuda:0",
    torch="2.13.0",
    python="3.11.7",
    started="2026-11-22T20:00:00Z",
    seconds=12.34,
    exit_code=0,
    exception=None,
    stopped_by="script",
    path=".gradprobe/train-20261122-200000",
    policy="quick-reference",
)


def module(
    name, state=ModuleState.FLOWS, *, norm=1.2e-5, tensors=4, elements=4_096, series=None, none=0, zero=0, steps=100
):
    """A row of the health table whose norm is the same in every step."""
    gone = state in (ModuleState.NO_GRADIENT, ModuleState.FROZEN, ModuleState.NOT_STEPPED)
    value = None if gone else 0.0 if state is ModuleState.ZERO else norm
    return ModuleHealth(
        name=name,
        type="Linear",
        depth=name.count("."),
        parameters=tensors,
        elements=elements,
        trainable=0 if state is ModuleState.FROZEN else tensors,
        last=value,
        median=value,
        smallest=value,
        largest=value,
        steps_with_gradient=0 if gone or value == 0 else steps - none - zero,
        steps_with_zero_gradient=zero,
        steps_without_gradient=none,
        state=state,
        series=series if series is not None else (value,) * min(steps, 60),
    )


AGENT_NORMS = tuple(10 ** (-3 - step / 30) for step in range(60))
LOSSES = tuple(4.7 * 0.985**step + 0.05 * (-1) ** step for step in range(60))

MODULES = (
    module("qwen", ModuleState.NO_GRADIENT, none=100, tensors=28, elements=1_234_567),
    module("qwen.embedder", ModuleState.NO_GRADIENT, none=100, tensors=1, elements=1_000_000),
    module("qwen.layers", ModuleState.NO_GRADIENT, none=100, tensors=26, elements=200_000),
    module("qwen.layers.0", ModuleState.NO_GRADIENT, none=100, tensors=13, elements=100_000),
    module("qwen.layers.1", ModuleState.NO_GRADIENT, none=100, tensors=13, elements=100_000),
    module("agent", tensors=10, elements=52_000, norm=3.1e-3, series=AGENT_NORMS),
    module("agent.encoder", tensors=4, elements=40_000, norm=2.2e-3, series=AGENT_NORMS),
    module("agent.critic", ModuleState.VANISHED, tensors=4, elements=9_000, norm=4.4e-12),
    module(
        "agent.head", tensors=2, elements=3_000, norm=8.2e-4, zero=7, series=(None, None, 0.0, 0.0, *AGENT_NORMS[4:])
    ),
    module("pooler", ModuleState.FROZEN, tensors=2, elements=590_592, series=()),
)

MISSING = Finding(
    check="missing-gradient",
    code="GP100",
    severity=Severity.WARNING,
    confidence=Confidence.LIKELY,
    title="qwen never gets a gradient",
    message="The optimizer stepped 100 times, and none of the 28 parameters of qwen had a gradient in any of them. "
    "Other modules had. The line cannot be named yet: the record holds gradient norms, not where the path to the "
    "loss ends.",
    fix="look for no_grad, detach(), .item(), argmax or a rebuilt tensor between qwen and the loss",
    not_this="a higher learning rate for qwen: its gradient is absent, not small",
    location=None,
    first_step=0,
    last_step=99,
    related=(
        RelatedSite(Site("/home/me/train.py", 352, "main", "loss.backward()"), "backward"),
        RelatedSite(
            Site("/home/me/train.py", 210, "main", "optimizer = torch.optim.AdamW(groups)"), "optimizer built here"
        ),
    ),
    modules=("qwen",),
    parameters=("qwen.embedder.embed_tokens.weight",),
    evidence={"steps_without_gradient": 100},
)

FLAGS = (
    Flag("loss-falls", Colour.GREEN, "a downward trend", "down, 4.75 to 1.98"),
    Flag("qwen-grad-flows", Colour.RED, "1e-06 to 1e-04, not absent or zero for 100 steps", "none in 100 of 100 steps"),
    Flag("loss-finite", Colour.GREEN, "no NaN, no infinity", "finite in 100 steps"),
    Flag("mask-ratio-declines", Colour.AMBER, "declining", "flat, 0.98 to 0.97"),
    Flag("reward-rises", Colour.GREY, "a positive trend", "not logged"),
)

METRICS = (
    MetricTrend("loss", LOSSES[0], LOSSES[-1], Trend.DOWN, LOSSES),
    MetricTrend("mask_ratio", 0.98, 0.97, Trend.FLAT, (0.98, 0.97) * 30),
)

RED = Report(
    gradprobe="0.1.0",
    run=RUN,
    verdict=Verdict.RED,
    flags=FLAGS,
    findings=(MISSING,),
    modules=MODULES,
    metrics=METRICS,
    not_seen=("Where the gradient of qwen ends: no step was followed in depth.",),
)

HEALTHY = replace(
    RED,
    verdict=Verdict.HEALTHY,
    flags=tuple(replace(flag, colour=Colour.GREEN, observed="as expected") for flag in FLAGS[:3]),
    findings=(),
    modules=(
        module("qwen", tensors=28, elements=1_234_567),
        module("agent", tensors=10, elements=52_000, norm=3.1e-3, series=AGENT_NORMS),
        module("agent.encoder", tensors=4, elements=40_000, norm=2.2e-3, series=AGENT_NORMS),
        module("agent.head", tensors=2, elements=3_000, norm=8.2e-4, series=AGENT_NORMS),
    ),
    metrics=METRICS[:1],
    not_seen=(),
)

JOB = replace(
    HEALTHY,
    run=replace(HEALTHY.run, ranks=12, world=12),
    verdict=Verdict.WARNING,
    ranks=tuple(
        RankRow(rank, "node-1", 4000 + rank, 100, 0, 0.4 + rank / 100, "ended by a signal") for rank in range(12)
    ),
)
"""One rank of twelve raised, one took fewer steps, and the launcher ended the rest."""
JOB = replace(
    JOB,
    ranks=(
        *JOB.ranks[:9],
        RankRow(9, "node-1", 4009, 100, 0, 0.49, "ValueError: expected 16 samples, found 3", failed_first=True),
        RankRow(10, "node-1", 4010, 97, 2, None, "ended by a signal"),
        JOB.ranks[11],
    ),
)

EMPTY = Report(
    gradprobe="0.1.0",
    run=replace(RUN, steps=0, device="", torch="", exit_code=None, stopped_by=None, seconds=float("nan")),
    verdict=Verdict.WARNING,
    flags=(),
    findings=(),
    modules=(),
    metrics=(),
    not_seen=("No optimizer stepped, so no gradient was due.",),
)

NASTY = "[red]qwen[/red]\x1b[31m\n\u202edesrever\t" + "x" * 10_000

HOSTILE = Report(
    ranks=(RankRow(0, NASTY, 1, 3, 0, float("nan"), NASTY, failed_first=True), RankRow(1, "", 0, 0, 0, None, "")),
    gradprobe=NASTY,
    run=replace(
        RUN,
        script=NASTY,
        device=NASTY,
        torch=NASTY,
        exception=f"Error: {NASTY}",
        stopped_by="exception",
        exit_code=1,
        policy=NASTY,
        path=f"/tmp/{NASTY}",
    ),
    verdict=Verdict.RED,
    flags=(Flag(NASTY, Colour.RED, NASTY, NASTY),),
    findings=(
        Finding(
            check=NASTY,
            code=NASTY,
            severity=Severity.ERROR,
            confidence=Confidence.CERTAIN,
            title=NASTY,
            message=NASTY + "\n" + NASTY,
            fix=NASTY,
            not_this=NASTY,
            location=Site(f"/tmp/{NASTY}", 3, NASTY, NASTY),
            first_step=0,
            last_step=0,
            related=(RelatedSite(Site(NASTY, 3, NASTY, NASTY), NASTY),),
            modules=(NASTY,) * 20,
            parameters=(NASTY,),
            evidence={NASTY: NASTY},
        ),
    ),
    modules=(
        replace(module(NASTY), depth=0),
        replace(module(f"{NASTY}.{NASTY}", ModuleState.NON_FINITE, norm=float("nan")), depth=1),
        replace(module("日本語の層" * 20, ModuleState.ZERO), depth=1),
    ),
    metrics=(MetricTrend(NASTY, float("nan"), float("inf"), Trend.UNCLEAR, (float("nan"), 1.0, float("-inf"))),),
    not_seen=(NASTY,),
)
