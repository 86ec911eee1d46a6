"""A training script that writes down what each of its steps took; it runs bare and under `gradprobe run`."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import torch

from benchmarks.contenders import nothing
from benchmarks.steps import timed_on_device
from benchmarks.work import LARGE, SMALL, Work


def main() -> None:
    """Train and write the seconds of each step, the first one included."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    device = torch.device(options.device)
    work = Work(LARGE if device.type == "cuda" else SMALL, options.batch, device)
    seconds = []
    for _ in range(1 if device.type == "cuda" else options.steps):
        begin = time.perf_counter()
        work.step(nothing)
        if device.type == "cuda":
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - begin)
    if device.type == "cuda":
        seconds += timed_on_device(work, nothing, options.steps - 1)
    options.out.write_text(json.dumps(seconds))


if __name__ == "__main__":
    main()
