"""Weights & Biases: into the script's run while that is active, into a run of its own otherwise.

A run that has been finished is left alone: to take it up again would change its history on the server, and offline it cannot be
done at all.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from gradprobe.extensions import Tracker
from gradprobe.values import Severity
from gradprobe_reports.trackers.points import rows
from gradprobe_reports.trackers.words import (
    FINDING,
    FLAG,
    document,
    finding_rows,
    flag_rows,
    labels,
    place,
    run_name,
    tracked_run,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradprobe.values import Report

_STEP: Final = "gradprobe/step"
_SECONDS: Final = 30.0
"""To find the server, before it is given up."""
_MOST_ALERTS: Final = 10


def send(report: Report) -> str:
    """Log a report's series over an axis of their own, its findings and flags as tables, and alert of errors and warnings.

    Raises:
        RuntimeError: If Weights & Biases is disabled.
    """
    import wandb

    with _run(wandb, report) as run:
        if run.disabled:
            raise RuntimeError("it is disabled; set WANDB_MODE to online or offline")
        run.define_metric(_STEP, hidden=True)
        run.define_metric("gradprobe/*", step_metric=_STEP)
        for step, points in rows(report):
            run.log({_STEP: step, **points})
        run.log(_tables(wandb, report))
        run.summary.update({**labels(report), "gradprobe.report": document(report)})
        _alert(wandb, run, report)
        return "/".join(part for part in (run.entity, run.project, run.id) if part)


@contextmanager
def _run(wandb: Any, report: Report) -> Iterator[Any]:
    if wandb.run is not None:
        yield wandb.run
        return
    # `entity/project/id`, or without the entity where the script never knew one.
    *entity, project, script_run = (tracked_run(report, "wandb") or "//").split("/")[-3:]
    run = wandb.init(
        entity=(entity[0] if entity else "") or os.environ.get("WANDB_ENTITY"),
        project=project or os.environ.get("WANDB_PROJECT") or "gradprobe",
        name=run_name(report),
        job_type="gradprobe",
        config={"script": report.run.script, "argv": list(report.run.argv), "wandb_run_of_the_script": script_run},
        settings=wandb.Settings(console="off", init_timeout=_SECONDS, login_timeout=_SECONDS),
    )
    try:
        yield run
    finally:
        run.finish()


def _tables(wandb: Any, report: Report) -> dict[str, Any]:
    return {
        "gradprobe/findings": wandb.Table(columns=list(FINDING), data=finding_rows(report)),
        "gradprobe/flags": wandb.Table(columns=list(FLAG), data=flag_rows(report)),
    }


def _alert(wandb: Any, run: Any, report: Report) -> None:
    levels = {Severity.ERROR: wandb.AlertLevel.ERROR, Severity.WARNING: wandb.AlertLevel.WARN}
    grave = [finding for finding in report.findings if finding.severity in levels]
    for finding in grave[:_MOST_ALERTS]:
        text = f"{place(finding)}\n{finding.message}\n{finding.fix}".strip()
        run.alert(title=f"{finding.check}: {finding.title}", text=text, level=levels[finding.severity])


TRACKER: Final = Tracker("wandb", "wandb", "gradprobe[wandb]", send)
