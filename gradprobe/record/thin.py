"""Thinning: a record keeps its newest steps whole and older ones in buckets that double in length with age.

Every row has a level; a row of level L stands for about 2**L steps. When a level holds more rows than it may, its oldest rows
are merged in pairs into the next level. So the number of rows grows with the logarithm of the number of steps, and each
step is merged once per level, a constant cost per step (the scheme of Datar et al., "Maintaining stream statistics over
sliding windows", 2002). Rows of steps in which something happened are kept as they are.
"""

from __future__ import annotations

import sqlite3
from typing import Final

from gradprobe.record import arrays

LEVEL_BYTES: Final = 16 * 1024 * 1024
"""Bytes of norms that one level may hold."""
LARGEST_LEVEL: Final = 2048
"""Rows that one level may hold however short they are: more than a chart or a trend can use."""
SMALLEST_LEVEL: Final = 64
"""Rows that one level holds however long they are."""
CHUNK: Final = 64
"""Rows merged at a time."""

_ROW: Final = """id, span, time, seconds, pattern, norms, COALESCE(lowest, norms), COALESCE(highest, norms), learning_rates,
    metrics, COALESCE(metrics_lowest, metrics), COALESCE(metrics_highest, metrics)"""


def rows_per_level(parameters: int) -> int:
    """Return how many rows a level may hold for so many parameters."""
    return max(SMALLEST_LEVEL, min(LARGEST_LEVEL, LEVEL_BYTES // max(1, 12 * parameters)))


def thin(connection: sqlite3.Connection, *, parameters: int, metrics: int) -> None:
    """Merge the oldest rows of every level that holds too many."""
    limit = rows_per_level(parameters)
    level = 0
    while True:
        (count,) = connection.execute("SELECT COUNT(*) FROM steps WHERE level = ? AND kept = 0", (level,)).fetchone()
        if count == 0:
            return
        while count >= limit + CHUNK:
            _merge_oldest(connection, level, parameters, metrics)
            count -= CHUNK
        level += 1


def _merge_oldest(connection: sqlite3.Connection, level: int, parameters: int, metrics: int) -> None:
    rows = connection.execute(
        f"SELECT {_ROW} FROM steps WHERE level = ? AND kept = 0 ORDER BY id LIMIT ?", (level, CHUNK)
    ).fetchall()
    columns = list(zip(*rows, strict=True))
    norms, lowest, highest = (arrays.stack_norms(columns[i], parameters) for i in (5, 6, 7))
    values, values_lowest, values_highest = (arrays.stack_metrics(columns[i], metrics) for i in (9, 10, 11))
    norms = arrays.later_norms(norms[::2], norms[1::2])
    lowest = arrays.lower_norms(lowest[::2], lowest[1::2])
    highest = arrays.higher_norms(highest[::2], highest[1::2])
    values = arrays.later_metrics(values[::2], values[1::2])
    values_lowest = arrays.lower_metrics(values_lowest[::2], values_lowest[1::2])
    values_highest = arrays.higher_metrics(values_highest[::2], values_highest[1::2])
    merged = []
    for pair, (first, second) in enumerate(zip(rows[::2], rows[1::2], strict=True)):
        span = first[1] + second[1]
        seconds = (first[1] * first[3] + second[1] * second[3]) / span
        merged.append(
            (
                *(second[0], span, level + 1, second[2], seconds, second[4]),
                *(norms[pair].tobytes(), lowest[pair].tobytes(), highest[pair].tobytes(), second[8]),
                *(values[pair].tobytes(), values_lowest[pair].tobytes(), values_highest[pair].tobytes()),
            )
        )
    connection.executemany("DELETE FROM steps WHERE id = ?", [(row[0],) for row in rows])
    connection.executemany("INSERT INTO steps VALUES (?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", merged)
