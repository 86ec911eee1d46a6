"""The reference loop, timed by batch; it runs bare and under `gradprobe run`."""

from __future__ import annotations

import argparse
import itertools
import json
import time
from pathlib import Path

from gradprobe_reference.pieces import Pieces
from gradprobe_reference.reporting import BatchReport
from gradprobe_reference.settings import Settings
from gradprobe_reference.train import train


def main() -> None:
    """Train and write the seconds of each batch after the first."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--batches", type=int, required=True)
    options = parser.parse_args()
    times: list[float] = []

    def note(_: BatchReport) -> None:
        times.append(time.perf_counter())

    train(Settings(max_batches=options.batches, device="cpu"), Pieces(), note)
    options.out.write_text(json.dumps([later - earlier for earlier, later in itertools.pairwise(times)]))


if __name__ == "__main__":
    main()
