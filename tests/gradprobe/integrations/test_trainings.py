"""What the callbacks have in common: of several ranks one judges, when the others have ended."""

from __future__ import annotations

import os
import platform
import threading
import time

import torch

from gradprobe import _active
from gradprobe.integrations.trainings import Trainings, unharmed
from tests.support.jobs import write_rank


def trained(trainings, *, rank, world):
    trainings.begin(rank=rank)
    model = torch.nn.Linear(2, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(3):
        optimizer.zero_grad()
        model(torch.ones(2)).sum().backward()
        optimizer.step()
    trainings.end(None, rank=rank, world=world)


def test_another_rank_than_the_first_is_recorded_and_does_not_judge(tmp_path, capsys):
    trainings = Trainings(tmp_path / "run", "default", is_quiet=False)
    trained(trainings, rank=1, world=2)
    assert (trainings.watch.steps, trainings.watch.path.name) == (3, "run-rank-1")
    assert (trainings.report, _active.recorder) == (None, None)
    assert capsys.readouterr().err == ""


def test_the_first_rank_judges_when_the_others_have_ended(tmp_path):
    other = os.fork()
    if other == 0:
        time.sleep(60)
        os._exit(0)
    write_rank(tmp_path / "run", 1, host=platform.node(), pid=other, exit_code=None, stopped_by=None, seconds=None)

    def end():
        os.kill(other, 9)
        os.waitpid(other, 0)

    trainings = Trainings(tmp_path / "run", "default", is_quiet=True)
    timer = threading.Timer(0.7, end)
    began = time.monotonic()
    timer.start()
    trained(trainings, rank=0, world=2)
    assert 0.6 < time.monotonic() - began < 9
    timer.join()
    assert trainings.report.run.ranks == 2


def test_what_goes_wrong_is_said_in_one_line(capsys):
    with unharmed():
        raise OSError("two\nlines")
    assert capsys.readouterr().err == "gradprobe: OSError: two lines\n"
