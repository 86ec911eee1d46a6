"""`--deep`, `--overhead`, and comments that allow a finding, from the command line."""

from __future__ import annotations

import pytest

from tests.support.documents import report_in

SEVERED = """
import torch
torch.manual_seed(0)
encoder, head = torch.nn.Linear(4, 4), torch.nn.Linear(4, 1)
optimizer = torch.optim.SGD([*encoder.parameters(), *head.parameters()], lr=0.1)
for _ in range(12):
    hidden = encoder(torch.randn(8, 4)).detach(){comment}
    loss = head(hidden).pow(2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
"""


def run(here, *options, comment=""):
    ran = here("run", "--quiet", "--report", "out.json", *options, here.script(SEVERED.format(comment=comment)))
    return ran, report_in(here.place / "out.json")


@pytest.mark.parametrize(("steps", "deep"), [("none", 0), ("0-3,7", 5), ("5", 1), ("0-99", 12)])
def test_the_steps_that_were_asked_for_are_deep(here, steps, deep):
    _, report = run(here, "--deep", steps)
    assert report["run"]["deep_steps"] == deep


def test_without_a_deep_step_the_line_is_not_named_and_that_is_said(here):
    _, report = run(here, "--deep", "none")
    assert [(one["check"], one["location"]) for one in report["findings"]] == [("missing-gradient", None)]
    assert any("No step was followed in depth" in one for one in report["not_seen"])


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        ("--deep", "5-2", "expected steps like 0-5,100-110 (or none) for --deep, found '5-2'"),
        ("--deep", "all", "expected steps like 0-5,100-110 (or none) for --deep, found 'all'"),
        ("--overhead", "-1", "expected a percentage from 0 to 100 for --overhead, found '-1'"),
        ("--overhead", "much", "expected a percentage from 0 to 100 for --overhead, found 'much'"),
    ],
)
def test_bad_values_are_one_line_and_2(here, option, value, expected):
    ran = here("run", option, value, here.script(SEVERED.format(comment="")))
    assert ran.code == 2
    assert ran.err.splitlines() == [f"gradprobe: {expected}"]


def test_a_comment_on_the_line_allows_the_finding(here):
    ran, report = run(here)
    assert (ran.code, [one["check"] for one in report["findings"]]) == (1, ["severed-gradient"])
    ran, report = run(here, comment="  # gradprobe: allow severed-gradient (features are fixed)")
    assert (ran.code, report["verdict"], report["findings"]) == (0, "healthy", [])
    (allowed,) = report["allowed"]
    assert (allowed["check"], allowed["reason"]) == ("severed-gradient", "features are fixed")


def test_a_comment_that_allows_nothing_is_told(here):
    script = SEVERED.replace(".detach(){comment}", "  # gradprobe: allow severed-gradient")
    here("run", "--quiet", "--report", "out.json", here.script(script))
    report = report_in(here.place / "out.json")
    assert any("allows severed-gradient, which was not found there" in one for one in report["not_seen"])
