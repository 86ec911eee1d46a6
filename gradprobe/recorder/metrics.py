"""Numbers on their way into a step: losses, logged metrics and what the recorder measures itself."""

from __future__ import annotations

import torch

from gradprobe.record.writer import RecordWriter
from gradprobe.recorder.steps import MOST_OPEN, Draft
from gradprobe.recorder.transfer import host_value, local, on_host


class Metrics:
    """Gives metrics their positions, and puts their values into steps without waiting for a device."""

    def __init__(self, writer: RecordWriter) -> None:
        self._writer = writer
        self._positions: dict[tuple[str, str], int] = {}

    @property
    def known(self) -> list[tuple[str, str]]:
        """Name and source of each metric, by position."""
        return list(self._positions)

    def position(self, name: str, source: str) -> int | None:
        """Return a metric's position, new or old; None where there are as many as there may be."""
        key = (name, source)
        position = self._positions.get(key)
        if position is None and len(self._positions) < MOST_OPEN:
            position = self._positions[key] = len(self._positions)
            self._writer.put_metric(position, name, source)
        return position

    def add(self, draft: Draft, position: int, value: object) -> None:
        """Add a value to a step: at once where it is on the host, when it arrives otherwise; pass over what is no number."""
        if isinstance(value, torch.Tensor):
            self._add_tensor(draft, position, value)
            return
        try:
            number = float(value)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            return
        draft.add_metric(position, number)

    def _add_tensor(self, draft: Draft, position: int, value: torch.Tensor) -> None:
        value = local(value.detach())
        if value.numel() != 1 or value.device.type == "meta":
            return
        if on_host(value):
            draft.add_metric(position, host_value(value))
        elif len(draft.waiting) < MOST_OPEN:
            # A copy: the script may add to it in place, and it may be a view of something large.
            draft.waiting.append((position, value.reshape(()).clone()))
