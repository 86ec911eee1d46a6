"""Writes a record while it happens: definitions and steps gathered by the recorder, one transaction a flush.

The file is an SQLite database in WAL mode without fsync: what was committed survives the death of the process (also by
SIGKILL), other processes can read it meanwhile, and a commit costs the training loop about a tenth of a millisecond.
"""

from __future__ import annotations

import ctypes
import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gradprobe.record.arrays import MISSING
from gradprobe.record.codec import encode, encode_observed, encode_site, to_json
from gradprobe.record.create import PUT_FACT, Fact, create_record, fact_rows
from gradprobe.record.interning import Incidents, Interned, Observations
from gradprobe.record.rows import AccountRow, Batch, ModuleRow, OptimizerRow, ParameterRow, StepRow
from gradprobe.record.thin import thin
from gradprobe.record.totals import Membership, Totals, states
from gradprobe.text.utf8 import writable
from gradprobe.values import Call, Observed
from gradprobe.values.step import NOT_LOOKED_AT

MOST_CALLS: Final = 4096
"""Different calls (kind, place and arguments) that a record keeps; a loop has a dozen."""
MOST_PATTERNS: Final = 2048
"""Different orders of calls within a step that a record keeps."""
LONGEST_PATTERN: Final = 4096
"""Calls of one step that are kept in order."""
THIN_EVERY: Final = 64
"""Rows written between two looks at whether the record should be thinned."""


def new_record(path: Path, facts: Mapping[str, Fact]) -> RecordWriter:
    """Create a record and return its writer.

    Args:
        path: File to create.
        facts: The run's facts that are known at its start.

    Raises:
        RecordError: If the file exists, or cannot be created.
    """
    return RecordWriter(path, create_record(path, facts))


class RecordWriter:
    """Owns the record's connection from creation to `close`.

    Not safe to use from two threads at once; the recorder holds its lock around every call.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        """Take over a new record.

        Args:
            path: Its file.
            connection: What `create_record` returned.
        """
        self.path = path
        self._connection = connection
        self._definitions: list[tuple[str, Sequence[object]]] = []
        self._parameters = 0
        self._modules: list[str] = []
        self._membership = Membership([])
        self._parameter_totals, self._module_totals = Totals(), Totals()
        self._metrics = 0
        self._calls: Interned[Call] = Interned(MOST_CALLS)
        self._patterns: Interned[tuple[int, ...]] = Interned(MOST_PATTERNS)
        self._incidents = Incidents()
        self._observations = Observations()
        self._optimizer_steps: dict[int, int] = {}
        self._rows: dict[int, tuple[object, ...]] = {}
        self._since_thinned = 0

    def set_facts(self, facts: Mapping[str, Fact]) -> None:
        """Note facts of the run, to be written with the next batch."""
        for row in fact_rows(facts):
            self._define(PUT_FACT, *row)

    def put_parameters(self, rows: Mapping[int, ParameterRow]) -> None:
        """Note parameters by position; positions are given in rising order without gaps and never change their name."""
        for position, row in rows.items():
            self._define(
                "INSERT OR REPLACE INTO parameters VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                *(position, row.name, row.module, json.dumps(row.shape), row.dtype, row.device),
                *(row.trainable, row.optimizer, row.group, row.objects),
            )
            self._parameters = max(self._parameters, position + 1)

    def put_modules(self, rows: Sequence[ModuleRow]) -> None:
        """Note all modules, in the order of the model; the counts of those known before go on."""
        before = dict(zip(self._modules, self._module_totals.table, strict=True))
        self._modules = [row.name for row in rows]
        self._module_totals = Totals()
        self._module_totals.grow(len(rows))
        for position, name in enumerate(self._modules):
            if name in before:
                self._module_totals.table[position] = before[name]
        members = [np.array(row.parameters, np.intp) for row in rows]
        self._membership = Membership(members)
        self._define("DELETE FROM modules")
        for position, (row, positions) in enumerate(zip(rows, members, strict=True)):
            blob = positions.astype(np.int32).tobytes()
            self._define("INSERT INTO modules VALUES (?, ?, ?, ?, ?)", position, row.name, row.type, row.depth, blob)

    def put_account(self, position: int, row: AccountRow) -> None:
        """Note what deep steps know of a parameter."""
        self._define("INSERT OR REPLACE INTO accounts VALUES (?, ?)", position, to_json(row))

    def put_digest(
        self, step: int, what: str, positions: Sequence[int], bits: NDArray[np.float64], norms: NDArray[np.float64]
    ) -> None:
        """Note digests of tensors, for other ranks to be held against.

        Args:
            step: The step they were taken in.
            what: Of what: `wrapped-parameters`, `wrapped-gradients`, `plain-parameters`, `plain-gradients`, `batch`.
            positions: Positions of the parameters; empty for a batch.
            bits: `[tensors]` whole numbers, -1 where there is none.
            norms: `[tensors]` L2 norms, -1 where there is none.
        """
        blobs = (
            np.array(positions, np.int32).tobytes(),
            bits.astype(np.int32).tobytes(),
            norms.astype(np.float64).tobytes(),
        )
        self._define("INSERT INTO digests VALUES (?, ?, ?, ?, ?)", step, what, *blobs)

    def observe(self, step: int, observed: Observed) -> None:
        """Note an observation; the same one again is counted, and what it says newest is kept."""
        self._observations.add(step, observed)

    def put_optimizer(self, number: int, row: OptimizerRow, groups: Iterable[int]) -> None:
        """Note an optimizer and the columns of its parameter groups in `StepRow.learning_rates`."""
        self._define(
            "INSERT OR REPLACE INTO optimizers VALUES (?, ?, ?, ?, ?)",
            *(number, row.type, encode_site(row.built), self._optimizer_steps.get(number, 0), json.dumps(row.settings)),
        )
        for column in groups:
            self._define("INSERT OR REPLACE INTO groups VALUES (?, ?)", column, number)

    def put_metric(self, position: int, name: str, source: str) -> None:
        """Note a metric by position."""
        self._define("INSERT OR REPLACE INTO metrics VALUES (?, ?, ?)", position, name, source)
        self._metrics = max(self._metrics, position + 1)

    def call_position(self, call: Call) -> int | None:
        """Return the call's position, new or old; None where the record keeps as many different calls as it may."""
        return self._calls.position(call)

    def call_at(self, position: int) -> Call:
        """Return the call at a position that `call_position` gave."""
        return self._calls.at(position)

    def write(self, batch: Batch) -> None:
        """Write what was noted since the last batch, and the batch, in one transaction.

        Raises:
            sqlite3.Error: If the file cannot be written; the record then holds what was committed before, and the next
                batch that can be written brings this one with it.
        """
        self._note(batch)
        execute = self._connection.execute
        try:
            execute("BEGIN IMMEDIATE")
            self._write_noted()
            execute("COMMIT")
        finally:  # Also when Ctrl-C arrives here: the next batch begins a transaction of its own.
            if self._connection.in_transaction:
                execute("ROLLBACK")
        self._forget_noted()

    def finish(self) -> None:
        """Write what was noted, and close."""
        try:
            self.write(Batch())
        finally:
            self.close()

    def close(self) -> None:
        """Close the record as one plain file, readable from read-only places too."""
        try:
            self._connection.execute("PRAGMA journal_mode = DELETE")
        except sqlite3.Error:  # Somebody is reading: the record stays in WAL mode, which any reader copes with.
            pass
        finally:
            self._connection.close()

    def abandon_in_child(self) -> None:
        """Leave the connection open for ever, for use after a fork: closing it here would remove the parent's WAL file."""
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._connection))

    def _define(self, statement: str, *values: object) -> None:
        self._definitions.append(
            (statement, [writable(value) if isinstance(value, str) else value for value in values])
        )

    def _note(self, batch: Batch) -> None:
        self._parameter_totals.grow(self._parameters)
        for incident in batch.incidents:
            self._incidents.add(incident.step, incident.incident)
        self._rows.update({row.index: self._step_values(row) for row in batch.steps})
        self._count(batch.steps)
        for row in batch.steps:
            for position in row.calls:
                self._calls.count(position, row.index)
        for step, position in batch.loose_calls:
            self._calls.count(position, step)

    def _write_noted(self) -> None:
        """Write what was noted; safe to be done again, because Ctrl-C can arrive after the commit as well as before."""
        (newest,) = self._connection.execute("SELECT COALESCE(MAX(id), -1) FROM steps").fetchone()
        for statement, values in self._definitions:
            self._connection.execute(statement, values)
        self._connection.executemany(
            "INSERT INTO steps VALUES (?, 1, 0, ?, ?, ?, ?, ?, NULL, NULL, ?, ?, NULL, NULL)",
            [values for index, values in self._rows.items() if index > newest],
        )
        self._write_calls()
        self._write_incidents()
        self._write_observations()
        self._write_totals()
        self._thin()

    def _forget_noted(self) -> None:
        self._definitions.clear()
        self._rows.clear()
        for interned in (self._calls, self._patterns, self._incidents, self._observations):
            interned.saved()

    def _is_notable(self, row: StepRow) -> bool:
        """Return whether a step must be kept as it is when it grows old: an incident, or a metric that is not finite.

        Counts towards the number of steps that are kept.
        """
        if row.kept or self._incidents.began_in(row.index):
            return True
        return not all(map(np.isfinite, row.metrics.values())) and self._incidents.keep_another()

    def _step_values(self, row: StepRow) -> tuple[object, ...]:
        metrics = np.full(self._metrics, MISSING)
        for position, value in row.metrics.items():
            metrics[position] = value
        pattern = self._patterns.position(row.calls[:LONGEST_PATTERN])
        return (
            *(row.index, self._is_notable(row), row.time, row.seconds, -1 if pattern is None else pattern),
            *(row.norms.tobytes(), row.learning_rates.tobytes(), metrics.tobytes()),
        )

    def _count(self, rows: Sequence[StepRow]) -> None:
        if not rows:
            return
        norms = np.full((len(rows), self._parameters), NOT_LOOKED_AT, np.float32)
        for target, row in zip(norms, rows, strict=True):
            target[: len(row.norms)] = row.norms
            for number in row.stepped:
                self._optimizer_steps[number] = self._optimizer_steps.get(number, 0) + 1
        seen, steps = states(norms), np.array([row.index for row in rows], np.int64)
        self._parameter_totals.add(seen, steps)
        self._module_totals.add(self._membership.best(seen), steps)

    def _write_totals(self) -> None:
        for kind, totals in (("parameters", self._parameter_totals), ("modules", self._module_totals)):
            self._connection.execute("INSERT OR REPLACE INTO totals VALUES (?, ?)", (kind, totals.table.tobytes()))
        self._connection.executemany(
            "UPDATE optimizers SET steps = ? WHERE id = ?",
            [(steps, number) for number, steps in self._optimizer_steps.items()],
        )

    def _write_calls(self) -> None:
        for position, seen in self._calls.changed():
            self._connection.execute(
                "INSERT OR REPLACE INTO calls VALUES (?, ?, ?, ?, ?, ?)", (position, *encode(seen.item), *seen.range)
            )
        for position, pattern in self._patterns.changed():
            blob = np.array(pattern.item, np.int32).tobytes()
            self._connection.execute("INSERT OR REPLACE INTO patterns VALUES (?, ?)", (position, blob))

    def _write_incidents(self) -> None:
        """Write incidents, and keep their first steps where these were written before them."""
        for position, seen in self._incidents.changed():
            self._connection.execute(
                "INSERT OR REPLACE INTO incidents VALUES (?, ?, ?, ?, ?, ?)",
                (position, *encode(seen.item), *seen.range),
            )
            self._connection.execute(
                "UPDATE steps SET kept = 1 WHERE id = ? AND level = 0 AND kept = 0", (seen.first_step,)
            )

    def _write_observations(self) -> None:
        for position, seen in self._observations.changed():
            self._connection.execute(
                "INSERT OR REPLACE INTO observations VALUES (?, ?, ?, ?, ?, ?)",
                (position, *encode_observed(seen.item), *seen.range),
            )

    def _thin(self) -> None:
        self._since_thinned += len(self._rows)
        if self._since_thinned >= THIN_EVERY:
            thin(self._connection, parameters=self._parameters, metrics=self._metrics)
            self._since_thinned = 0
