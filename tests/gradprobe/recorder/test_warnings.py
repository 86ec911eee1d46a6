"""Warnings of torch name the same line with and without the recorder."""

from __future__ import annotations

import warnings

import torch

import gradprobe
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
