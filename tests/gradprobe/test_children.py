"""Processes that a recorded program starts with multiprocessing."""

import json

import pytest

from gradprobe.record.directory import rank_files
from gradprobe.record.run import read_run
from tests.gradprobe.runner.programs import run
from tests.support.documents import report_in

TRAINING = """
import multiprocessing, sys
import torch
from torch import nn

def train(steps=4, fail=False):
    torch.set_num_threads(1)
    model = nn.Linear(3, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(steps):
        optimizer.zero_grad()
        model(torch.randn(4, 3)).square().mean().backward()
        optimizer.step()
    if fail:
        raise ValueError("no more")
"""
FORKED = f"""{TRAINING}
from torch.utils.data import DataLoader

def parent():
    context = multiprocessing.get_context("fork")
    child = context.Process(target=train, args=(5,))
    child.start()
    child.join()

def idle():
    import signal
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


if __name__ == "__main__":
    for batch in DataLoader(list(range(8)), num_workers=2, multiprocessing_context="fork"):
        pass
    context = multiprocessing.get_context("fork")
    children = [context.Process(target=one) for one in (parent, idle, train)]
    children.append(context.Process(target=train, kwargs=dict(steps=3, fail=True)))
    for child in children:
        child.start()
    for child in children:
        child.join()
    print([child.exitcode for child in children])
"""
SPAWNED = f"""{TRAINING}
import os
import torch.distributed as dist
import torch.multiprocessing as mp
from torch.nn.parallel import DistributedDataParallel

def worker(rank, port):
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"tcp://127.0.0.1:{{port}}", rank=rank, world_size=2)
    model = DistributedDataParallel(nn.Linear(3, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for step in range(8):
        optimizer.zero_grad()
        model(torch.randn(4, 3)).square().mean().backward()
        optimizer.step()
        if rank == 1 and step == 4:
            raise ValueError("no more")

if __name__ == "__main__":
    import socket
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    mp.spawn(worker, args=(port,), nprocs=2)
"""


def test_forked_children_that_train_are_recorded_and_no_others(tmp_path):
    """Nested ones too; workers of data loaders and children that do not train leave nothing."""
    (tmp_path / "train.py").write_text(FORKED)
    ran = run("train.py", cwd=tmp_path, options=["--quiet", "--output", "run", "--report", "out.json"])
    assert ran.stdout == b"[0, 0, 0, 1]\n", ran.stderr
    assert (ran.returncode, ran.stderr.count(b"Traceback")) == (0, 1)
    assert len(rank_files(tmp_path / "run")) == 4  # And the one of the program itself.
    ranks = read_run(tmp_path / "run").ranks.all
    assert sorted((one.steps, one.stopped_by, one.exception) for one in ranks) == [
        (3, "exception", "ValueError: no more"),
        (4, "script", None),
        (5, "script", None),
    ]
    report = report_in(tmp_path / "out.json")
    assert (report["run"]["ranks"], report["findings"], report["verdict"]) == (3, [], "warning")


def test_children_that_begin_anew_are_recorded_and_the_first_to_fail_is_named(tmp_path):
    (tmp_path / "train.py").write_text(SPAWNED)
    ran = run("train.py", cwd=tmp_path, options=["--output", "run", "--report", "out.json"])
    assert ran.returncode == 1
    assert b"ProcessRaisedException" in ran.stderr
    assert ": rank 1 failed first, with ValueError" in " ".join(ran.stderr.decode().split())
    report = report_in(tmp_path / "out.json")
    assert [(row["rank"], row["ending"]) for row in report["ranks"]][1:] == [(1, "ValueError: no more")]
    assert [row["failed_first"] for row in report["ranks"]] == [False, True]
    assert report["findings"] == [], json.dumps(report["findings"])  # That the other lost its connection is no finding.


@pytest.mark.parametrize("module", ["multiprocessing", "torch.multiprocessing"])
@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_workers_of_a_pool_keep_what_came_before_their_last_step_though_their_pool_terminates_them(
    tmp_path, module, method
):
    script = f"""{TRAINING}
import {module}
if __name__ == "__main__":
    with {module}.get_context("{method}").Pool(2) as pool:
        pool.map(train, [5, 7, 4], chunksize=1)
"""
    (tmp_path / "train.py").write_text(script)
    ran = run("train.py", cwd=tmp_path, options=["--output", "run", "--report", "out.json"])
    assert ran.returncode == 0, ran.stderr
    ranks = read_run(tmp_path / "run").ranks.all
    assert 16 - len(ranks) <= sum(one.steps for one in ranks) <= 16
    report = report_in(tmp_path / "out.json")
    assert report["findings"] == [], json.dumps(report["findings"])
    assert report["verdict"] in ("healthy", "warning")
    assert {row["ending"] for row in report["ranks"]} <= {"", "with the program that started it"}


def test_max_batches_ends_each_child(tmp_path):
    script = f"""{TRAINING}
if __name__ == "__main__":
    child = multiprocessing.get_context("fork").Process(target=train, args=(50,))
    child.start()
    child.join()
    print(child.exitcode)
"""
    (tmp_path / "train.py").write_text(script)
    ran = run("train.py", cwd=tmp_path, options=["--quiet", "--output", "run", "--max-batches", "3"])
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, b"0\n", b"")
    shown = read_run(tmp_path / "run").facts
    assert (shown.steps, shown.stopped_by) == (3, "max-batches")
