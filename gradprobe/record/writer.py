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
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gradprobe.errors import RecordError
from gradprobe.record import schema
from gradprobe.record.arrays import MISSING
from gradprobe.record.codec import encode, encode_site
from gradprobe.record.interning import Incidents, Interned
from gradprobe.record.rows import Batch, ModuleRow, OptimizerRow, ParameterRow, StepRow
from gradprobe.record.thin import thin
from gradprobe.record.totals import Membership, Totals, states
from gradprobe.values import Call
from gradprobe.values.step import NOT_LOOKED_AT

Fact: TypeAlias = "str | int | float | bool | Sequence[str] | None"

MOST_CALLS: Final = 4096
"""Different calls (kind, place and arguments) that a record keeps; a loop has a dozen."""
MOST_PATTERNS: Final = 2048
"""Different orders of calls within a step that a record keeps."""
LONGEST_PATTERN: Final = 4096
"""Calls of one step that are kept in order."""
THIN_EVERY: Final = 64
"""Rows written between two looks at whether the record should be thinned."""


class RecordWriter:
    """Owns the record's connection from creation to `close`.

    Not safe to use from two threads at once; the recorder holds its lock around every call.
    """

    def __init__(self, path: Path, facts: Mapping[str, Fact]) -> None:
        """Create the record.

        Args:
            path: File to create.
            facts: The run's facts that are known at its start.

        Raises:
            RecordError: If the file exists, or cannot be created.
        """
        if path.exists():
            raise RecordError(
                f"expected a new record, found {path}: this directory holds a run already; name another directory, or remove it"
            )
        self.path = path
        try:
            self._connection = _connect(path)
        except sqlite3.Error as error:
            raise RecordError(f"cannot write the record {path}: {error}; choose another directory with --output") from error
        self._definitions: list[tuple[str, Sequence[object]]] = []
        self._parameters = 0
        self._modules: list[str] = []
        self._membership = Membership([])
        self._parameter_totals, self._module_totals = Totals(), Totals()
        self._metrics = 0
        self._calls: Interned[Call] = Interned(MOST_CALLS)
        self._patterns: Interned[tuple[int, ...]] = Interned(MOST_PATTERNS)
        self._incidents = Incidents()
        self._optimizer_steps: dict[int, int] = {}
        self._since_thinned = 0
        self.set_facts(facts)
        self.write(Batch())

    def set_facts(self, facts: Mapping[str, Fact]) -> None:
        """Note facts of the run, to be written with the next batch."""
        for key, value in facts.items():
            self._define("INSERT OR REPLACE INTO facts VALUES (?, ?)", key, json.dumps(value))

    def put_parameters(self, rows: Mapping[int, ParameterRow]) -> None:
        """Note parameters by position; positions are given in rising order without gaps and never change their name."""
        for position, row in rows.items():
            self._define(
                "INSERT OR REPLACE INTO parameters VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                *(position, row.name, row.module, json.dumps(row.shape), row.dtype, row.device),
                *(row.trainable, row.optimizer, row.group, row.objects),
            )
            self._parameters = max(self._parameters, position + 1)
        self._parameter_totals.grow(self._parameters)

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
            sqlite3.Error: If the file cannot be written; the record then holds what was committed before.
        """
        self._count(batch.steps)
        execute = self._connection.execute
        execute("BEGIN IMMEDIATE")
        try:
            for statement, values in self._definitions:
                execute(statement, values)
            self._connection.executemany(
                "INSERT OR REPLACE INTO steps VALUES (?, 1, 0, ?, ?, ?, ?, ?, NULL, NULL, ?, ?, NULL, NULL)",
                [self._step_values(row) for row in batch.steps],
            )
            self._write_calls(batch)
            for row in batch.incidents:
                self._incidents.add(row.step, row.incident)
            self._write_incidents()
            self._write_totals(batch.steps)
            self._thin(len(batch.steps))
            execute("COMMIT")
        except BaseException:  # Also when Ctrl-C arrives here: the next batch begins a transaction of its own.
            if self._connection.in_transaction:
                execute("ROLLBACK")
            raise
        self._definitions.clear()

    def is_notable(self, row: StepRow) -> bool:
        """Return whether a step must be kept as it is when it grows old, because a metric is not finite."""
        return not all(map(np.isfinite, row.metrics.values())) and self._incidents.keep_another()

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
        self._definitions.append((statement, values))

    def _step_values(self, row: StepRow) -> tuple[object, ...]:
        metrics = np.full(self._metrics, MISSING)
        for position, value in row.metrics.items():
            metrics[position] = value
        pattern = self._patterns.position(row.calls[:LONGEST_PATTERN])
        kept = row.kept or self.is_notable(row)
        return (
            *(row.index, kept, row.time, row.seconds, -1 if pattern is None else pattern),
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

    def _write_totals(self, rows: Sequence[StepRow]) -> None:
        if not rows:
            return
        for kind, totals in (("parameters", self._parameter_totals), ("modules", self._module_totals)):
            self._connection.execute("INSERT OR REPLACE INTO totals VALUES (?, ?)", (kind, totals.table.tobytes()))
        self._connection.executemany(
            "UPDATE optimizers SET steps = ? WHERE id = ?", [(steps, number) for number, steps in self._optimizer_steps.items()]
        )

    def _write_calls(self, batch: Batch) -> None:
        for row in batch.steps:
            for position in row.calls:
                self._calls.count(position, row.index)
        for step, position in batch.loose_calls:
            self._calls.count(position, step)
        for position, seen in self._calls.take_changed():
            self._connection.execute(
                "INSERT OR REPLACE INTO calls VALUES (?, ?, ?, ?, ?, ?)", (position, *encode(seen.item), *seen.range)
            )
        for position, pattern in self._patterns.take_changed():
            blob = np.array(pattern.item, np.int32).tobytes()
            self._connection.execute("INSERT OR REPLACE INTO patterns VALUES (?, ?)", (position, blob))

    def _write_incidents(self) -> None:
        for position, seen in self._incidents.take_changed():
            self._connection.execute(
                "INSERT OR REPLACE INTO incidents VALUES (?, ?, ?, ?, ?, ?)", (position, *encode(seen.item), *seen.range)
            )

    def _thin(self, rows: int) -> None:
        self._since_thinned += rows
        if self._since_thinned >= THIN_EVERY:
            self._since_thinned = 0
            thin(self._connection, parameters=self._parameters, metrics=self._metrics)


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5.0)
    connection.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {schema.VERSION}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = OFF")
    connection.executescript(schema.TABLES)
    return connection


