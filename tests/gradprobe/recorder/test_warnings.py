"""Warnings of torch name the same line with and without the recorder."""

from __future__ import annotations

import warnings

import torch

import gradprobe
from tests.gradprobe.runner.programs import run_twice
from tests.support.training import Classifier


def _places() -> list[tuple[str, int]]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        optimizer = torch.optim.SGD(Classifier().parameters(), lr=0.1)
        scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1)
        scheduler.step()  # before the optimizer: torch warns of this line, by its stack level
    return [(warning.filename, warning.lineno) for warning in caught]


def test_warning_of_a_wrapped_function_names_the_users_line(tmp_path):
    bare = _places()
    with gradprobe.watch(tmp_path / "run"):
        recorded = _places()
    assert recorded == bare
    assert [file for file, _ in bare] == [__file__]


COPIES = """
import torch

model = torch.nn.Linear(2, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(5):
    x = torch.ones(3, 2)
    copied = torch.tensor(x)
    optimizer.zero_grad()
    model(copied).sum().backward()
    optimizer.step()
"""


def test_a_warning_of_torchs_own_code_is_shown_with_the_users_line_in_deep_steps_too(tmp_path):
    (tmp_path / "train.py").write_text(COPIES)
    ran = run_twice("train.py", cwd=tmp_path)
    assert ran.alone.stderr.count(b"train.py:8: UserWarning") == 1
    assert ran.probed.stderr == ran.alone.stderr
