"""What a report of a large job costs: 1,024 ranks, 1,000 steps, 300 modules, and what a step of a rank writes for it.

python -m benchmarks.ranks [--ranks 1024] [--sharded]

Each record is of the shape that a recorder leaves; they are copies of one with numbers of their own, because writing a thousand would
take longer than reading them. Rank 700 goes apart from the others in step 64, rank 701 takes 900 steps, rank 702 was killed.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.large_record import write_large_record
from gradprobe.record.directory import record_path
from gradprobe.record.writer import RecordWriter
from gradprobe.recorder.ranks.ranks import is_due

STEPS: Final = 1_000
BLOCKS: Final = 29
LAYERS: Final = 270
"""With a root and 29 blocks: 300 modules."""
APART, SHORT, KILLED = 700, 701, 702


def main() -> None:
    """Write the run, report it, and print what was measured."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--ranks", type=int, default=1024)
    options.add_argument("--sharded", action="store_true", help="parameters are sharded over all ranks")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        run = Path(scratch) / "run"
        write_job(run, chosen.ranks, sharded=chosen.sharded)
        size = sum(path.stat().st_size for path in run.iterdir())
        began = time.perf_counter()
        report = Path(scratch) / "report.json"
        subprocess.run([sys.executable, "-m", "gradprobe", "report", str(run), "--report", str(report)], check=False)
        seconds = time.perf_counter() - began
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        rows = json.loads(report.read_text())["ranks"]
        print(f"{len(rows):,} ranks, {STEPS:,} steps, {1 + BLOCKS + LAYERS} modules: {size / 1e9:.2f} GB of records")
        processor = used.ru_utime + used.ru_stime
        print(
            f"gradprobe report: {seconds:.1f} s, {processor:.1f} s of them of a processor, {used.ru_maxrss / 2**20:.2f} GiB"
        )


def write_job(run: Path, ranks: int, *, sharded: bool) -> None:
    """Write the records of a job into a new run directory."""
    facts = {"world": ranks, "rank": 0, "host": "node-0", "pid": 1}
    parts = {"sharded": [[position, ranks] for position in range(2 * LAYERS)]} if sharded else {}
    write_large_record(run, steps=STEPS, blocks=BLOCKS, layers=LAYERS, more=_put_digests, **facts, **parts)
    first = record_path(run, 0)
    for rank in range(1, ranks):
        own = record_path(run, rank)
        shutil.copy(first, own)
        _make_own(own, rank)


def _put_digests(writer: RecordWriter) -> None:
    random = np.random.default_rng(1)
    positions = range(2 * LAYERS)
    for step in filter(is_due, range(STEPS)):
        for what in ("wrapped-parameters", "wrapped-gradients"):
            bits = random.integers(0, 16_000_000, len(positions)).astype(np.float64)
            writer.put_digest(step, what, positions, bits, np.exp(random.normal(-8, 1, len(positions))))
        writer.put_digest(step, "batch", [], random.integers(0, 16_000_000, 2).astype(np.float64), np.ones(2))


def _make_own(path: Path, rank: int) -> None:
    """Make a copy the record of another rank."""
    with sqlite3.connect(path) as connection:
        facts = {"rank": rank, "pid": rank, "host": f"node-{rank // 8}"}
        if rank == KILLED:
            connection.execute("DELETE FROM facts WHERE key IN ('exit_code', 'seconds', 'stopped_by')")
        if rank == SHORT:
            connection.execute("DELETE FROM steps WHERE id >= 900")
        connection.executemany(
            "INSERT OR REPLACE INTO facts VALUES (?, ?)", [(key, json.dumps(value)) for key, value in facts.items()]
        )
        draw = np.random.default_rng(rank).integers(0, 16_000_000, 2).astype(np.int32).tobytes()
        connection.execute("UPDATE digests SET bits = ? WHERE what = 'batch'", [draw])
        if rank == APART:
            other = np.random.default_rng(rank).integers(0, 16_000_000, 2 * LAYERS).astype(np.int32).tobytes()
            norms = np.exp(np.random.default_rng(rank).normal(-8, 1, 2 * LAYERS)).tobytes()
            connection.execute(
                "UPDATE digests SET bits = ?, norms = ? WHERE what != 'batch' AND step >= 64", [other, norms]
            )
    connection.close()


if __name__ == "__main__":
    main()
