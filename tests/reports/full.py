"""A report with everything in it that a format for machines can be asked to show, in a project of its own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from gradprobe.values import (
    Allowed,
    CheckRun,
    Colour,
    Confidence,
    Flag,
    RelatedSite,
    Report,
    Severity,
    Site,
)
from tests.reports.examples import FLAGS, MISSING, RED

SOURCE = """import torch


class Refiner(torch.nn.Module):
    @torch.no_grad()
    def refine(self, prompt):
        text = "```"
        return self.layer(prompt)
"""
TITLE = "a|b `code` <b>bold</b> [link](https://example.org) @somebody #12 $x$ :tada: % ::error::"


def full_report(project: Path) -> Report:
    """Return the report of a program in a project, whose files are written there.

    Findings: an error at a line that is still there, a second one at a statement that reads alike, a warning in no file, one
    with no line, one in a library, and a word. Names of checks are ones that are not installed.
    """
    (project / "models").mkdir(exist_ok=True)
    refiner = project / "models" / "refine r.py"
    refiner.write_text(SOURCE)
    (project / "train.py").write_text("loss.backward()\n")
    site = Site(str(refiner), 5, "Refiner.refine", "@torch.no_grad()")
    backward = RelatedSite(Site(str(project / "train.py"), 1, "<module>", "loss.backward()"), "backward")
    error = replace(
        MISSING,
        check="cut-here",
        code="GP901",
        severity=Severity.ERROR,
        confidence=Confidence.CERTAIN,
        title="the gradient of qwen ends here",
        message="The gradient ends here.\nNothing below this line leaves a graph.",
        location=site,
        related=(backward, RelatedSite(Site("<string>", 3, "made", "prompt = refine(prompt)"), "first [cut]")),
        modules=("qwen", "agent.head"),
        evidence={"severed": 28, "share": 0.5, "norm": float("nan"), "kind": "no_grad"},
    )
    alike = replace(error, location=replace(site, line=7), related=(), modules=("agent",), not_this="")
    hostile = replace(
        MISSING,
        check="odd-names",
        code="GP902",
        title=TITLE,
        message=f"{TITLE}\n- a list\n# a heading\n```",
        fix=TITLE,
        not_this=TITLE,
        location=Site("<string>", 2, "f", 'x = "`` | <script>"'),
        related=(),
        modules=(TITLE,),
    )
    library = replace(
        MISSING, check="in-library", code="GP904", location=Site("/opt/site-packages/lib.py", 9, "step", "y = x.data")
    )
    word = replace(MISSING, check="mere-word", code="GP905", severity=Severity.INFO, location=replace(site, line=0))
    return replace(
        RED,
        run=replace(RED.run, script=str(project / "train.py"), exit_code=1, exception="ValueError: 100% [bad]"),
        flags=(*FLAGS, Flag(TITLE, Colour.RED, TITLE, TITLE)),
        findings=(error, alike, hostile, replace(MISSING, code="GP903", check="no-line"), library, word),
        not_seen=("What comes after step 100.", TITLE),
        allowed=(
            Allowed(
                "cut-here", "GP901", "a target network", replace(site, line=8), "a comment at refine.py:8", "meant"
            ),
            Allowed("frozen-part", "GP906", "frozen", None, "[expect] frozen of the policy mine", ""),
        ),
        checks=(
            *(CheckRun(name, code) for name, code in (("cut-here", "GP901"), ("odd-names", "GP902"))),
            *(CheckRun(name, code) for name, code in (("no-line", "GP903"), ("in-library", "GP904"))),
            *(CheckRun(name, code) for name, code in (("mere-word", "GP905"), ("frozen-part", "GP906"))),
            CheckRun("found-nothing", "GP907"),
            CheckRun("is-faulty", "GP908", "KeyError: 'qwen'"),
        ),
    )


def in_project(text: str, project: Path) -> str:
    """Return a text in which the project lies where it lies for everybody."""
    return text.replace(str(project), "/home/me/project")
