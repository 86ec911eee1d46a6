"""MLflow: into the run that the script logged to, ended or not, where this store has it; into a run of its own otherwise."""

from __future__ import annotations

import os
import re
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from gradprobe.extensions import Tracker
from gradprobe_reports.trackers.points import lines
from gradprobe_reports.trackers.words import document, labels, run_name, tracked_run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradprobe.values import Report

_FORBIDDEN: Final = re.compile(r"[^\w\-. /]")
"""What no name of a metric may hold in any of MLflow's versions."""
_LONGEST: Final = 250
_BATCH: Final = 1_000
"""Metrics that MLflow takes at once."""
_IMPATIENT: Final = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2", "MLFLOW_HTTP_REQUEST_TIMEOUT": "20"}
"""A server that is not there would be asked for minutes."""


def send(report: Report) -> str:
    """Log a report's series as metrics, its verdict and flags as tags, and the whole as the artifact `gradprobe/report.md`."""
    import mlflow
    from mlflow.entities import Metric, RunTag

    with _impatience(), _run(mlflow, report) as run_id:
        client = mlflow.MlflowClient()
        now = int(time.time() * 1000)
        points = [
            Metric(_FORBIDDEN.sub("_", line.name)[:_LONGEST], value, now, step)
            for line in lines(report)
            for step, value in zip(line.steps, line.values, strict=True)
        ]
        for first in range(0, len(points), _BATCH):
            client.log_batch(run_id, metrics=points[first : first + _BATCH])
        client.log_batch(
            run_id, tags=[RunTag(_FORBIDDEN.sub("_", key), value) for key, value in labels(report).items()]
        )
        client.log_text(run_id, document(report), "gradprobe/report.md")
        return f"run {run_id}"


@contextmanager
def _run(mlflow: Any, report: Report) -> Iterator[str]:
    tracked = tracked_run(report, "mlflow")
    if tracked is not None and _is_there(mlflow, tracked):
        yield tracked
    elif (active := mlflow.active_run()) is not None:
        yield active.info.run_id
    else:
        with mlflow.start_run(run_name=run_name(report)) as run:
            yield run.info.run_id


def _is_there(mlflow: Any, run_id: str) -> bool:
    try:
        return bool(mlflow.MlflowClient().get_run(run_id).info.lifecycle_stage == "active")
    except mlflow.exceptions.MlflowException:
        return False


@contextmanager
def _impatience() -> Iterator[None]:
    unset = [name for name in _IMPATIENT if name not in os.environ]
    os.environ.update({name: _IMPATIENT[name] for name in unset})
    try:
        yield
    finally:
        for name in unset:
            del os.environ[name]


TRACKER: Final = Tracker("mlflow", "mlflow", "gradprobe[mlflow]", send)
