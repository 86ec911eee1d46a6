"""Jobs of several processes, started as people start them."""

import json
import subprocess
import sys
from pathlib import Path

from gradprobe.record.directory import rank_files
from gradprobe.record.run import read_run
from tests.gradprobe.runner.programs import PATIENCE
from tests.support.documents import report_in

TRAIN = """
import os, signal, sys, time
import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

dist.init_process_group("gloo")
torch.set_num_threads(1)
torch.manual_seed(0)
model = DistributedDataParallel(nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 1)))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
data = torch.Generator().manual_seed(dist.get_rank())
for step in range(80 if "lags" in sys.argv else 30):
    if "lags" in sys.argv and dist.get_rank() == 1:
        time.sleep(0.05)
    x = torch.randn(16, 3, generator=data)
    loss = (model(x).squeeze(1) - x[:, 0]).pow(2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if sys.argv[1:] == ["killed"] and step == 7 and dist.get_rank() == 1:
        os.kill(os.getpid(), signal.SIGKILL)
os.write(1, f"rank {dist.get_rank()} is done\\n".encode())
time.sleep(0.2)  # torch 2.13 may wait for itself where a gloo group is let go while its thread ends.
dist.destroy_process_group()
"""
BIN = Path(sys.executable).parent


def torchrun(*words, cwd):
    (cwd / "train.py").write_text(TRAIN)
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--standalone", *words]
    return subprocess.run(
        list(map(str, command)), cwd=cwd, capture_output=True, text=True, timeout=PATIENCE, check=False
    )


def test_a_job_has_one_run_directory_one_report_and_one_verdict(tmp_path):
    ran = torchrun("-m", "gradprobe", "run", "--report", "out.json", "train.py", cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert sorted(ran.stdout.splitlines()) == ["rank 0 is done", "rank 1 is done"]
    assert ran.stderr.count("HEALTHY after 30 steps") == 1
    (run,) = (tmp_path / ".gradprobe").glob("train-*")
    assert [path.name for path in rank_files(run)] == ["rank-0.sqlite", "rank-1.sqlite"]
    report = report_in(tmp_path / "out.json")
    assert (report["run"]["ranks"], report["findings"]) == (2, [])
    assert [(row["rank"], row["steps"], row["ending"]) for row in report["ranks"]] == [(0, 30, ""), (1, 30, "")]


def test_a_killed_rank_leaves_a_readable_run_that_says_which_rank_stopped_when(tmp_path):
    """The other form: torchrun starts the installed script, `$(which gradprobe)`."""
    ran = torchrun(BIN / "gradprobe", "run", "--quiet", "--output", "run", "train.py", "killed", cwd=tmp_path)
    assert ran.returncode != 0
    record = read_run(tmp_path / "run")
    killed = record.ranks.all[1]
    assert killed.is_gone
    assert 1 <= killed.steps <= 8
    told = subprocess.run(
        [sys.executable, "-m", "gradprobe", "report", "run", "--format", "json"],
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    report = json.loads(told.stdout)
    assert report["verdict"] != "healthy"
    assert [row["failed_first"] for row in report["ranks"]] == [False, True]
    assert any(sentence.startswith("Rank 1 failed first, after ") for sentence in report["not_seen"])
    assert not [finding for finding in report["findings"] if finding["severity"] == "error"]


def test_a_rank_that_the_others_wait_for_is_told_and_changes_no_verdict(tmp_path):
    ran = torchrun("-m", "gradprobe", "run", "--report", "out.json", "train.py", "lags", cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    report = report_in(tmp_path / "out.json")
    (finding,) = report["findings"]
    assert (finding["check"], finding["severity"], finding["evidence"]["ranks"]) == ("lagging-rank", "info", "1")
    assert 0.05 <= finding["evidence"]["seconds"] < finding["evidence"]["step"]
    assert report["verdict"] == "healthy"
