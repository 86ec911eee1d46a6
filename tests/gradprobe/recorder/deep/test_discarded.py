"""A detach() whose result is thrown away is the caller's own statement, not a library's."""

from __future__ import annotations

import sys

import torch
from torch import nn

from tests.support.watched import observed, watched


def _train(cut):
    model = nn.Linear(4, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(2):
        loss = model(torch.randn(8, 4)).pow(2).mean()
        cut(loss)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def test_a_statement_that_throws_the_result_away_is_seen(tmp_path):
    def cut(loss):
        loss.detach()

    (seen,) = observed(watched(lambda: _train(cut), tmp_path / "run"), "discarded-detach")
    assert seen.site.code == "loss.detach()"


def test_a_result_that_is_used_is_not(tmp_path):
    kept = []
    record = watched(lambda: _train(lambda loss: kept.append(loss.detach())), tmp_path / "run")
    assert observed(record, "discarded-detach") == []


def test_a_statement_that_calls_a_library_which_uses_the_result_is_not(tmp_path, monkeypatch):
    folder = tmp_path / "site-packages"
    folder.mkdir()
    (folder / "keeping_library.py").write_text("KEPT = []\n\n\ndef keep(loss):\n    KEPT.append(loss.detach())\n")
    monkeypatch.syspath_prepend(str(folder))
    import keeping_library

    def cut(loss):
        keeping_library.keep(loss)

    record = watched(lambda: _train(cut), tmp_path / "run")
    sys.modules.pop("keeping_library")
    assert observed(record, "discarded-detach") == []
