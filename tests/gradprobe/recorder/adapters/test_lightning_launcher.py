"""The command by which Lightning starts the script's other ranks."""

import sys
from types import ModuleType

import pytest

import gradprobe
from gradprobe import _active
from gradprobe.recorder.adapters import lightning_launcher

ASKED = [sys.executable, "train.py", "--seed", "3"]


@pytest.mark.parametrize(
    ("node", "before"),
    [(None, ["-m", "gradprobe", "run"]), ("0", ["-m", "gradprobe", "run"]), ("1", [])],
)
def test_ranks_are_recorded_where_they_know_who_they_are(node, before, tmp_path, monkeypatch):
    module = ModuleType("launcher")
    module._basic_subprocess_cmd = lambda: ASKED
    monkeypatch.delenv("NODE_RANK", raising=False)
    with gradprobe.watch(tmp_path / "run"):
        recorder = _active.recorder
        recorder.child_words = ("-m", "gradprobe", "run")
        lightning_launcher.install(recorder, recorder.patches, module)
        if node is not None:
            monkeypatch.setenv("NODE_RANK", node)
        assert module._basic_subprocess_cmd() == [sys.executable, *before, *ASKED[1:]]
    assert module._basic_subprocess_cmd() is ASKED
