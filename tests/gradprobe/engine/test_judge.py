"""A record judged whole: order of findings, faulty checks, verdict, exit code, and healthy programs that stay green."""

from dataclasses import replace

import numpy as np
import pytest

from gradprobe.engine import exit_code
from gradprobe.errors import UsageError
from gradprobe.extensions import Check
from gradprobe.policy import load_policy
from gradprobe.values import CheckRun, Colour, ModuleState, RecorderFailed, Site, Trend, Verdict
from tests.support.documents import judge
from tests.support.findings import finding
from tests.support.records import record

DEFAULT = load_policy("default")
SITE = Site("train.py", 1)
HEALTHY = record({"net": ["w"]}, metrics={"loss": np.linspace(2, 1, 60)})


def check(*findings, name="test", code="GP101", error=None):
    def find(_):
        yield from findings
        if error:
            raise error

    return Check(name, code, find, "page")


def test_a_report():
    report = judge(HEALTHY, DEFAULT, ())
    assert report.verdict is Verdict.HEALTHY
    assert report.run.policy == "default"
    assert [flag.name for flag in report.flags] == [flag.name for flag in DEFAULT.flags]
    assert {flag.colour for flag in report.flags} == {Colour.GREEN}
    assert [(row.name, row.state) for row in report.modules] == [("net", ModuleState.FLOWS)]
    (loss,) = report.metrics
    assert (loss.name, loss.first, loss.last, loss.trend, len(loss.series)) == ("loss", 2.0, 1.0, Trend.DOWN, 60)
    assert report.not_seen == ()


def test_the_checks_that_ran_are_named_also_where_they_found_nothing():
    quiet, faulty = check(name="quiet", code="GP101"), check(name="faulty", code="GP102", error=ValueError("bad"))
    left_out = check(finding(), name="left-out", code="GP103")
    report = judge(HEALTHY, DEFAULT, [quiet, faulty, left_out], ignore=["left-out"])
    assert report.checks == (CheckRun("quiet", "GP101"), CheckRun("faulty", "GP102", "ValueError: bad"))


def test_findings_are_ordered_by_severity_confidence_and_step():
    wanted = [
        finding("error", "certain", 0),
        finding("error", "certain", 9),
        finding("error", "likely", 0),
        finding("warning", "certain", 0),
        finding("info", "possible", 0),
    ]
    assert judge(HEALTHY, DEFAULT, [check(*wanted[::-1])]).findings == tuple(wanted)


def test_a_check_that_raises_is_named_and_loses_nothing():
    faulty = check(finding(first_step=1), name="faulty-check", code="GP999", error=ValueError("bad\nnumber"))
    report = judge(HEALTHY, DEFAULT, [faulty, check(finding(first_step=2))])
    assert [one.first_step for one in report.findings] == [1, 2]
    assert (
        report.not_seen[0]
        == "The check faulty-check (GP999) failed, and what it looks for may be missed: ValueError: bad number"
    )


@pytest.mark.parametrize(
    ("found", "error"),
    [
        ("no gradient", "TypeError: expected a Finding, found a str"),
        (None, "TypeError: expected a Finding, found a NoneType"),
        (
            replace(finding(), severity="error"),
            "TypeError: expected a Finding whose severity is of class Severity, found 'error'",
        ),
        (
            replace(finding(), first_step=None),
            "TypeError: expected a Finding whose first_step is of class Integral, found None",
        ),
    ],
)
def test_a_check_that_yields_no_finding_is_named_and_loses_nothing(found, error):
    faulty = check(finding(first_step=1), found, name="faulty-check", code="GP999")
    report = judge(HEALTHY, DEFAULT, [faulty, check(finding(first_step=2))])
    assert [one.first_step for one in report.findings] == [1, 2]
    assert report.not_seen[0] == f"The check faulty-check (GP999) failed, and what it looks for may be missed: {error}"


def test_a_check_that_returns_nothing_at_all_is_named():
    report = judge(HEALTHY, DEFAULT, [Check("faulty-check", "GP999", lambda _: None, "page"), check(finding())])
    assert len(report.findings) == 1
    assert "faulty-check (GP999) failed" in report.not_seen[0]


def test_a_step_may_be_a_number_of_numpy():
    assert len(judge(HEALTHY, DEFAULT, [check(replace(finding(), first_step=np.int64(3)))]).findings) == 1


@pytest.mark.parametrize(
    ("keys", "seen"),
    [
        ({}, ["GP101", "GP102"]),
        ({"select": ["GP102"]}, ["GP102"]),
        ({"select": ["Second", "gp101"]}, ["GP101", "GP102"]),
        ({"ignore": ["first"]}, ["GP102"]),
        ({"select": ["first"], "ignore": ["first"]}, []),
    ],
)
def test_select_and_ignore(keys, seen):
    checks = [check(finding(code="GP101"), name="first"), check(finding(code="GP102"), name="second", code="GP102")]
    assert [one.code for one in judge(HEALTHY, DEFAULT, checks, **keys).findings] == seen


def test_selecting_no_check_is_a_usage_error():
    with pytest.raises(UsageError, match=r"expected the name or code of a check, found 'frist'; did you mean first\?"):
        judge(HEALTHY, DEFAULT, [check(name="first")], select=["frist"])


@pytest.mark.parametrize(
    ("severity", "verdict", "codes"),
    [
        (None, Verdict.HEALTHY, (0, 0, 0)),
        ("info", Verdict.HEALTHY, (0, 0, 0)),
        ("warning", Verdict.WARNING, (0, 1, 0)),
        ("error", Verdict.RED, (1, 1, 0)),
    ],
)
def test_verdict_and_exit_code(severity, verdict, codes):
    report = judge(HEALTHY, DEFAULT, [check(*([finding(severity)] if severity else []))])
    assert report.verdict is verdict
    assert tuple(exit_code(report, level) for level in ("error", "warning", "never")) == codes


def test_flags_count_as_findings_do():
    red = judge(record({"net": ["w"]}, metrics={"loss": [1.0] * 9 + [np.nan] * 3}), DEFAULT, ())
    assert (red.verdict, exit_code(red)) == (Verdict.RED, 1)
    amber = judge(record({"net": ["w"]}, {"net.w": [1.0] + [np.nan] * 30}), DEFAULT, ())
    assert (amber.verdict, exit_code(amber), exit_code(amber, "warning")) == (Verdict.WARNING, 0, 1)


def test_a_run_whose_recording_ended_early_is_never_called_healthy():
    failed = record(
        {"net": ["w"]}, metrics={"loss": np.linspace(2, 1, 60)}, incidents=[RecorderFailed(SITE, "KeyError: 3")]
    )
    report = judge(failed, DEFAULT, ())
    assert (report.verdict, exit_code(report), exit_code(report, "warning")) == (Verdict.WARNING, 0, 1)


noise = np.random.default_rng(7).standard_normal(200)
HEALTHY_PROGRAMS = {
    "a loss that rises (curriculum)": record({"net": ["w"]}, metrics={"loss": np.linspace(1, 2, 200)}),
    "a loss that is flat (GAN)": record(
        {"g": ["w"], "d": ["w"]}, metrics={"loss_g": np.full(200, 0.69), "loss_d": noise}
    ),
    "a frozen backbone": record({"backbone": ["w"], "head": ["w"]}, {"head.w": [1.0] * 200}, frozen=["backbone"]),
    "a target network in no optimizer": record({"q": ["w"], "target": ["w"]}, {"q.w": [1.0] * 200}, unowned=["target"]),
    "LoRA's first step": record({"a": ["w"], "b": ["w"]}, {"a.w": [0.0] + [1.0] * 199, "b.w": 1.0}),
    "an expert that is used once": record(
        {"experts.0": ["w"], "experts.1": ["w"]}, {"experts.1.w": [0.0] * 199 + [1.0]}
    ),
    "an expert that is never used": record({"moe.a": ["w"], "moe.b": ["w"]}, {"moe.b.w": [-1.0] * 200}),
    "heads that alternate": record({"h1": ["w"], "h2": ["w"]}, {"h1.w": [1.0, -1.0] * 100, "h2.w": [-1.0, 1.0] * 100}),
    "a discriminator from step 150": record(
        {"g": ["w"], "d": ["w"]}, {"g.w": [1.0] * 200, "d.w": [-2.0] * 150 + [1.0] * 50}
    ),
    "a loss with weight zero until a step that did not come (VQGAN's disc_factor)": record(
        {"generator": ["w"], "discriminator": ["w"]}, {"discriminator.w": [0.0] * 200}
    ),
    "a weight that is zero in warm-up (KL)": record({"vae": ["w"], "prior": ["w"]}, {"prior.w": [0.0] * 60}),
    "a head whose phase was not reached": record(
        {"body": ["w"], "head": ["w"]}, {"head.w": [-1.0] * 60}, stopped_by="max-batches"
    ),
    "losses that rise and fall (GAN)": record(
        {"g": ["w"], "d": ["w"]}, metrics={"loss_g": np.linspace(0.7, 3, 200), "loss_d": np.linspace(1.4, 0.3, 200)}
    ),
    "a policy's loss that is flat while its reward rises (RL)": record(
        {"policy": ["w"]}, metrics={"policy_loss": np.zeros(200)}, logged={"reward": np.linspace(-1, 1, 200)}
    ),
    "a scaler that looks for its scale": record({"net": ["w"]}, {"net.w": [np.inf] * 8 + [1.0] * 192}),
    "a scaler that has not found its scale yet": record({"net": ["w"]}, {"net.w": [np.inf] * 8}),
    "a scaler that tries a larger scale last": record({"net": ["w"]}, {"net.w": [1.0] * 199 + [np.inf]}),
    "a batch that was skipped": record({"net": ["w"]}, metrics={"loss": [1.0] * 100 + [np.nan] + [1.0] * 99}),
    "a logged value that is NaN": record({"net": ["w"]}, logged={"episode_reward": [np.nan] * 200}),
    "a handful of steps": record({"net": ["w"]}, {"net.w": [0.0] * 3}, {"loss": [1.0, 2.0, 3.0]}),
    "one step": record({"net": ["w"]}, metrics={"loss": [1.0]}),
    "no step": record(),
}


@pytest.mark.parametrize("name", HEALTHY_PROGRAMS)
def test_the_default_policy_accuses_no_healthy_program(name):
    report = judge(HEALTHY_PROGRAMS[name], DEFAULT, ())
    assert {flag.colour for flag in report.flags} <= {Colour.GREEN, Colour.GREY}
    assert report.verdict is Verdict.HEALTHY


def test_losses_that_do_not_fall_are_said_and_no_more():
    made = record({"g": ["w"]}, metrics={"loss_g": np.linspace(0.7, 3, 200), "loss_d": np.ones(200)})
    flags = {flag.name: flag for flag in judge(made, DEFAULT, ()).flags}
    assert flags["loss-falls"].colour is Colour.GREY
    seen = "loss_g: rises: 0.7 to 3 in 200 values; loss_d: flat: 1 to 1 in 200 values"
    assert flags["loss-falls"].observed == f"{seen} (severity info: only told)"


TOLD = "{} (severity info: only told)"


@pytest.mark.parametrize(("norm", "kind"), [(0.0, "zero"), (-1.0, "none")])
@pytest.mark.parametrize(("steps", "words"), [(29, "too early to tell (29 of 30 steps): {}"), (30, TOLD), (500, TOLD)])
def test_a_gradient_that_never_came_is_said_by_the_default_policy_and_no_more(norm, kind, steps, words):
    made = record({"net": ["w"]}, {"net.w": [norm] * steps})
    flag = judge(made, DEFAULT, ()).flags[0]
    observed = words.format(f"{kind} in {steps} steps")
    assert (flag.name, flag.colour) == ("gradients-flow", Colour.GREY)
    assert flag.observed.endswith(observed)


def test_the_quick_references_broken_run():
    losses = np.full(12, 4.7)
    made = record({"system.qwen": ["w"], "system.agent": ["w"]}, {"system.qwen.w": [-1.0] * 12}, {"loss": losses})
    report = judge(made, load_policy("quick-reference"), ())
    flags = {flag.name: (flag.colour, flag.observed) for flag in report.flags}
    assert flags["qwen-grad-flows"] == (Colour.RED, "none in 12 steps")
    assert flags["loss-falls"] == (Colour.GREY, "too early to tell (12 of 30 steps)")
    assert flags["mask-ratio-declines"] == (Colour.GREY, "no metric named mask_ratio in this run; there are: loss")
    assert flags["loss-finite"][0] is Colour.GREEN
    assert report.verdict is Verdict.RED


def test_the_quick_references_healthy_run():
    random = np.random.default_rng(8)
    steps = np.arange(200)
    made = record(
        {"qwen": ["w"]},
        # "Batch 0: 0.00e+00 (computing), Batch 10: 1.23e-05, Batch 50: 5.67e-05 STABLE"
        {"qwen.w": [0.0] * 9 + [1.23e-5] * 40 + [5.67e-5] * 151},
        {"loss": 5 - 0.01 * steps + 0.1 * random.standard_normal(200)},
        logged={"mask_ratio": 1.0 - 0.002 * steps, "reward": -1 + 0.01 * steps + 0.3 * random.standard_normal(200)},
    )
    report = judge(made, load_policy("quick-reference"), ())
    assert {flag.colour for flag in report.flags} == {Colour.GREEN}
    assert report.verdict is Verdict.HEALTHY
