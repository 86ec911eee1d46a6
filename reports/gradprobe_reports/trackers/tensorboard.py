"""TensorBoard: event files in a folder beside the script's own, which TensorBoard shows as another run."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from gradprobe.extensions import Tracker
from gradprobe_reports.trackers.points import lines
from gradprobe_reports.trackers.words import document, run_name, tracked_run

if TYPE_CHECKING:
    from gradprobe.values import Report

_WITHOUT_WRITER: Final = "runs"
"""Where torch's own writer puts its files unless it is told otherwise."""

_STRING: Final = 7
"""`DT_STRING` of TensorFlow's types of tensors."""


def send(report: Report) -> str:
    """Write a report's series as scalars and its words as text, in place of what was sent of this run before."""
    from tensorboard.compat.proto import event_pb2, summary_pb2
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    # Classes of protobuf are made when they are imported, where no type checker sees them.
    protocol: Any = summary_pb2
    summary_of, event_of = protocol.Summary, cast("Any", event_pb2).Event
    folder = f"{tracked_run(report, 'tensorboard') or _WITHOUT_WRITER}/{run_name(report)}"
    for old in Path(folder).glob("events.out.tfevents.*"):
        old.unlink()
    writer = EventFileWriter(folder)
    now = time.time()

    def add(value: Any, step: int) -> None:
        writer.add_event(event_of(wall_time=now, step=step, summary=summary_of(value=[value])))

    try:
        for line in lines(report):
            for step, number in zip(line.steps, line.values, strict=True):
                add(summary_of.Value(tag=line.name, simple_value=number), step)
        text = summary_of.Value(tag="gradprobe/report/text_summary")
        text.metadata.plugin_data.plugin_name = "text"
        text.tensor.dtype = _STRING
        text.tensor.tensor_shape.dim.add().size = 1
        text.tensor.string_val.append(document(report).encode())
        add(text, report.run.steps)
    finally:
        writer.close()
    return folder


TRACKER: Final = Tracker("tensorboard", "tensorboard", "gradprobe[tensorboard]", send)
