"""Training is bit-identical with and without the recorder: losses, weights and random states."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).resolve().parents[1] / "programs" / "identical.py"


def _output(words: list[str], directory: Path) -> str:
    done = subprocess.run(
        [sys.executable, *words], cwd=directory, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("options", [(), ("--deep", "0-99")], ids=["default", "every step deep"])
def test_losses_weights_and_random_states_are_the_same_to_the_bit(tmp_path, options):
    bare = _output([str(PROGRAM)], tmp_path)
    recorded = _output(["-m", "gradprobe", "run", "--quiet", "--output", "run", *options, str(PROGRAM)], tmp_path)
    assert recorded == bare
    assert [line.rsplit(" ", 1)[0] for line in bare.splitlines()] == [
        "plain",
        "mixed precision",
        "fork",
        "spawn",
        "reference 12",
    ]

    from gradprobe.record.reader import read_record

    record = read_record(tmp_path / "run" / "rank-0.sqlite")
    # 15 + 15 + 6 + 6 + 12 steps; a training whose optimizer is new may begin in the last step of the one before.
    assert 54 - 4 <= record.facts.steps <= 54
    assert record.facts.deep_steps == record.facts.steps if options else record.facts.deep_steps >= 3
    # The reference loop steps twice in each: the main optimizer and the policy's.
    assert sum(optimizer.steps for optimizer in record.optimizers) == 54 + 12
