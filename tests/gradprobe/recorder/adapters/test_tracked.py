"""Packages that go by a tracker's name and are none, or of a version that nobody has seen yet: training goes on, and so does the rest."""

import sys

import pytest
import torch

import gradprobe


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Have `import wandb` mean another package."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "wandb"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path / "wandb.py"
    sys.modules.pop("wandb", None)


def trained(output, log):
    model = torch.nn.Linear(2, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with gradprobe.watch(output) as watch:
        import wandb

        for step in range(3):
            loss = model(torch.ones(2)).sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            log(wandb, step)
    return watch.run().record


def test_a_package_without_what_an_adapter_stands_on_is_said(package, tmp_path):
    package.write_text("__version__ = '99.0'\nclass Run:\n    pass\n")
    record = trained(tmp_path / "run", lambda wandb, step: wandb.Run())
    assert record.facts.steps == 3
    (unfit,) = record.facts.unfit
    assert unfit.startswith("wandb (99.0): AttributeError: ")
    assert "_log" in unfit


def test_one_that_turns_out_later_not_to_fit_is_left_alone_from_then_on(package, tmp_path):
    package.write_text("class Run:\n    def _log(self, data):\n        return len(data)\n")
    returned = []
    record = trained(tmp_path / "run", lambda wandb, step: returned.append(wandb.Run()._log({"loss": float(step)})))
    assert returned == [1, 1, 1]
    assert record.facts.steps == 3
    (unfit,) = record.facts.unfit
    assert unfit.startswith("wandb (of unknown version): AttributeError: 'Run' object has no attribute 'disabled'")
    assert record.metrics["loss"].source == "wandb"
    assert record.metrics["loss"].values.tolist() == [0]


FITS = """
class Run:
    disabled, entity, project, id = False, None, "p", "1"
    def _log(self, data):
        return data
"""


def test_a_tracker_gives_as_many_metrics_as_a_step_can_carry_and_only_numbers(package, tmp_path):
    package.write_text(FITS)
    itself = {}
    itself["itself"] = itself
    metrics = {f"image_{number}": number for number in range(300)}
    odd = {
        "text": "1",
        "list": [1],
        "matrix": torch.ones(2),
        "complex": torch.ones(1) * 1j,
        "none": None,
        "yes": True,
        3: 4,
    }

    def log(wandb, step):
        assert wandb.Run()._log(odd) is odd
        wandb.Run()._log(itself)
        wandb.Run()._log(data=metrics)

    record = trained(tmp_path / "run", log)
    names = {metric.name for metric in record.metrics.values() if metric.source == "wandb"}
    assert names == {"3", *(f"image_{number}" for number in range(255))}
    assert (record.facts.unfit, record.facts.tracked) == ((), (("wandb", "p/1"),))


def test_what_was_replaced_is_put_back(package, tmp_path):
    package.write_text(FITS)
    methods = []
    trained(tmp_path / "run", lambda wandb, step: methods.append(wandb.Run._log))
    assert methods[0] is methods[-1] is not sys.modules["wandb"].Run._log


def test_a_method_that_was_taken_hold_of_before_counts(package, tmp_path):
    package.write_text(FITS + "    def log(self, data):\n        return self._log(data)\n\nlog = Run().log\n")
    from wandb import log

    record = trained(tmp_path / "run", lambda wandb, step: log({"loss": step}))
    assert record.metrics["loss"].values.tolist() == [0, 1, 2]
