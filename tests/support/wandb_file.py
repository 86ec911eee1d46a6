"""Reads what Weights & Biases keeps of an offline run: records of protobuf in a log of LevelDB's format.

See https://github.com/google/leveldb/blob/main/doc/log_format.md; the file begins with seven bytes of its own.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from pathlib import Path

BLOCK = 32768
HEADER = 7
FULL, FIRST, MIDDLE, LAST = 1, 2, 3, 4


def history(file: Path) -> list[dict[str, object]]:
    """Return the rows that were logged, nested keys joined by dots."""
    return [_items(record.history.item) for record in _records(file) if record.WhichOneof("record_type") == "history"]


def summary(file: Path) -> dict[str, object]:
    """Return what was put into the summary by name."""
    found: dict[str, object] = {}
    for record in _records(file):
        if record.WhichOneof("record_type") == "summary":
            found.update(_items(record.summary.update))
    return found


def alerts(file: Path) -> list[tuple[str, str]]:
    """Return title and level of each alert."""
    return [
        (record.alert.title, record.alert.level)
        for record in _records(file)
        if record.WhichOneof("record_type") == "alert"
    ]


def _items(items) -> dict[str, object]:
    return {".".join(item.nested_key) or item.key: json.loads(item.value_json) for item in items}


def _records(file: Path) -> Iterator:
    from wandb.proto import wandb_internal_pb2

    for data in _chunks(file.read_bytes()):
        record = wandb_internal_pb2.Record()
        record.ParseFromString(data)
        yield record


def _chunks(data: bytes) -> Iterator[bytes]:
    position, whole = HEADER, b""
    while position + HEADER <= len(data):
        room = BLOCK - position % BLOCK
        if room < HEADER:
            position += room
            continue
        length, kind = struct.unpack_from("<HB", data, position + 4)
        if not kind:
            return
        part = data[position + HEADER : position + HEADER + length]
        position += HEADER + length
        whole = part if kind in (FULL, FIRST) else whole + part
        if kind in (FULL, LAST):
            yield whole
