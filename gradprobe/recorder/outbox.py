"""Steps that are done, on their way to the record: written together, when their numbers have arrived."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Final

from gradprobe.record.rows import Batch, IncidentRow, StepRow
from gradprobe.record.writer import RecordWriter
from gradprobe.recorder.steps import Draft
from gradprobe.values import Incident

FLUSH_SECONDS: Final = 0.5
"""Steps are written at least this often while steps are taken; what is younger is lost when the process is killed."""
FLUSH_ROWS: Final = 256
"""Steps that are written at once at the most."""
MOST_PENDING: Final = 512
"""Steps whose numbers may be on their way from the device; beyond, the oldest are written without."""


class Outbox:
    """Holds steps and incidents until they are written."""

    def __init__(self, writer: RecordWriter, on_row: Callable[[StepRow], None] | None) -> None:
        self._writer = writer
        self._on_row = on_row
        self._drafts: deque[Draft] = deque()
        self._incidents: list[IncidentRow] = []
        self._last_flush = self._last_ended = time.perf_counter()

    def put(self, draft: Draft) -> None:
        """Take a step that is done, and send for what is still on its device."""
        draft.send()
        self._drafts.append(draft)

    def put_incident(self, step: int, incident: Incident) -> None:
        """Take an incident."""
        self._incidents.append(IncidentRow(step, incident))

    def is_due(self) -> bool:
        """Return whether it is time to write."""
        waiting = max(len(self._drafts), len(self._incidents))
        return waiting >= FLUSH_ROWS or time.perf_counter() - self._last_flush >= FLUSH_SECONDS

    def flush(self, newest: int) -> None:
        """Write what has arrived.

        Args:
            newest: Number of the newest step there is.

        Raises:
            sqlite3.Error: If the record cannot be written.
        """
        rows = []
        while self._drafts:
            draft = self._drafts[0]
            if len(self._drafts) > MOST_PENDING:
                draft.give_up()
            if not draft.is_ready(newest - draft.index):
                break
            rows.append(self._row(self._drafts.popleft()))
        self._write(Batch(rows, self._incidents))

    def flush_all(self, loose_calls: list[tuple[int, int]]) -> None:
        """Write everything, waiting for what is still on its way.

        Args:
            loose_calls: (step, position) of calls that no optimizer step came after.

        Raises:
            sqlite3.Error: If the record cannot be written.
        """
        rows = [self._row(draft) for draft in self._drafts]
        self._drafts.clear()
        self._write(Batch(rows, self._incidents, loose_calls))

    def _row(self, draft: Draft) -> StepRow:
        seconds, self._last_ended = draft.ended - self._last_ended, draft.ended
        return draft.row(seconds)

    def _write(self, batch: Batch) -> None:
        self._incidents = []
        self._last_flush = time.perf_counter()
        self._writer.write(batch)
        if self._on_row is not None:
            for row in batch.steps:
                self._on_row(row)
