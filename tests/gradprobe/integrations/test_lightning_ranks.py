"""Each rank that Lightning starts by itself is recorded, to one run."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("lightning", reason="lightning is not installed")

SCRIPT = Path(__file__).with_name("lightning_ranks.py")


def record(cwd, *words):
    command = ["run", "--quiet", "--output", "run", "--report", "report.json", str(SCRIPT), *words]
    return subprocess.run(
        [sys.executable, "-m", "gradprobe", *command],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.mark.slow
def test_ranks_that_lightning_starts_are_recorded(tmp_path):
    done = record(tmp_path, "--seed", "3")
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (tmp_path / "run").glob("*.sqlite")) == ["rank-0.sqlite", "rank-1.sqlite"]
    report = json.loads((tmp_path / "report.json").read_text())
    # 64 samples, two ranks, batches of eight.
    assert (report["run"]["ranks"], report["run"]["steps"]) == (2, 4)
    assert report["verdict"] == "healthy"
    assert report["findings"] == []
    assert not [text for text in report["not_seen"] if "No record" in text]
    assert [(tmp_path / f"words-{rank}").read_text() for rank in (0, 1)] == ["--seed 3", "--seed 3"]


@pytest.mark.slow
def test_the_line_behind_an_unfinished_reduction_is_named_though_lightning_says_it_in_other_words(tmp_path):
    assert record(tmp_path, "detached").returncode == 1
    report = json.loads((tmp_path / "report.json").read_text())
    (finding,) = report["findings"]
    assert (finding["check"], finding["severity"]) == ("unfinished-reduction", "error")
    assert finding["location"]["line"] == 1 + SCRIPT.read_text().splitlines().index(
        "            hidden = hidden.detach()"
    )
