"""TensorBoard: event files in a folder beside the script's own, which TensorBoard shows as another run."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gradprobe.extensions import Tracker
from gradprobe_reports.trackers.points import lines
from gradprobe_reports.trackers.words import document, run_name, tracked_run

if TYPE_CHECKING:
    from gradprobe.values import Report

_WITHOUT_WRITER: Final = "runs"
"""Where torch's own writer puts its files unless it is told otherwise."""


def send(report: Report) -> str:
    """Write a report's series as scalars and its words as text, in place of what was sent of this run before."""
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
    from tensorboard.compat.proto.tensor_pb2 import TensorProto
    from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    folder = f"{tracked_run(report, 'tensorboard') or _WITHOUT_WRITER}/{run_name(report)}"
    for old in Path(folder).glob("events.out.tfevents.*"):
        old.unlink()
    writer = EventFileWriter(folder)
    now = time.time()
    try:
        for line in lines(report):
            for step, number in zip(line.steps, line.values, strict=True):
                summary = Summary(value=[Summary.Value(tag=line.name, simple_value=number)])
                writer.add_event(Event(wall_time=now, step=step, summary=summary))
        text = TensorProto(
            dtype="DT_STRING",
            string_val=[document(report).encode()],
            tensor_shape=TensorShapeProto(dim=[TensorShapeProto.Dim(size=1)]),
        )
        plugin = SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name="text"))
        value = Summary.Value(tag="gradprobe/report/text_summary", metadata=plugin, tensor=text)
        writer.add_event(Event(wall_time=now, step=report.run.steps, summary=Summary(value=[value])))
    finally:
        writer.close()
    return folder


TRACKER: Final = Tracker("tensorboard", "tensorboard", "gradprobe[tensorboard]", send)
