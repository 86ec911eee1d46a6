"""Creates a record before anything is known but the run's first facts, and without NumPy, which the script may not need."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeAlias

from gradprobe.errors import RecordError
from gradprobe.record import schema

Fact: TypeAlias = "str | int | float | bool | Sequence[object] | Mapping[str, object] | None"

PUT_FACT: Final = "INSERT OR REPLACE INTO facts VALUES (?, ?)"


def create_record(path: Path, facts: Mapping[str, Fact]) -> sqlite3.Connection:
    """Create a record and return its connection.

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
    try:
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5.0)
        with _closed_on_failure(connection):
            connection.executescript(schema.CREATION)
            connection.execute("BEGIN")
            connection.executemany(PUT_FACT, fact_rows(facts))
            connection.execute("COMMIT")
    except sqlite3.Error as error:
        raise RecordError(f"cannot write the record {path}: {error}; choose another directory with --output") from error
    return connection


def fact_rows(facts: Mapping[str, Fact]) -> list[tuple[str, str]]:
    """Return facts as rows of their table."""
    return [(key, json.dumps(value)) for key, value in facts.items()]


@contextmanager
def _closed_on_failure(connection: sqlite3.Connection) -> Iterator[None]:
    try:
        yield
    except BaseException:
        connection.close()
        raise
