"""Suites that are run by a pytest within the test, with the plugin."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

PLUGIN = ("-p", "gradprobe.testing.plugin", "-p", "no:cacheprovider", "-W", "error")
HEADER = "import pytest, torch, unittest\nfrom torch import nn\nfrom agents import Agent, Severed, train\n"


class Suite:
    """Writes a suite into pytester's folder, beside the module it tests, and runs it."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self.pytester = pytester
        (pytester.path / "agents.py").write_text(Path(__file__).with_name("agents.py").read_text())
        pytester.syspathinsert()

    def run(self, text: str, *words: str) -> pytest.RunResult:
        """Run tests in this process."""
        self.pytester.makepyfile(test_suite=HEADER + text)
        return self.pytester.runpytest_inprocess(*PLUGIN, *words)

    def run_alone(self, text: str, *words: str) -> pytest.RunResult:
        """Run tests in a process of their own."""
        self.pytester.makepyfile(test_suite=HEADER + text)
        return self.pytester.runpytest_subprocess(*PLUGIN, *words)


@pytest.fixture(scope="session")
def everything_imported(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Have what a judgement imports there beforehand: pytester takes out again what a suite has imported."""
    import gradprobe.recorder.trial
    import gradprobe.testing.fixture
    import gradprobe.testing.flow_text
    import gradprobe.testing.reporting
    import gradprobe.testing.whole
    from gradprobe.testing.failure import text_of

    with gradprobe.watch(tmp_path_factory.mktemp("first")) as watch:
        layer = torch.nn.Linear(2, 1)
        optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
        layer(torch.ones(1, 2)).sum().backward()
        optimizer.step()
    assert text_of(watch.report())


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, everything_imported: None) -> Suite:
    monkeypatch.setenv("COLUMNS", "80")
    for name in ("CI", "BUILD_NUMBER"):  # pytest cuts no line of its summary where these stand
        monkeypatch.delenv(name, raising=False)
    return Suite(pytester)
