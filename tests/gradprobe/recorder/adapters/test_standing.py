"""Versions of torch and accelerate that turn out later not to fit: the adapter ends, and the recording goes on."""

from types import ModuleType, SimpleNamespace

import torch

import gradprobe
from gradprobe import _active
from gradprobe.recorder.adapters import accelerate, fsdp


class FSDPParam:
    """Keeps what it makes under other names than those that are known."""

    def _init_sharded_param(self, param):
        self.shard = torch.nn.Parameter(param.detach().clone())

    def init_unsharded_param(self):
        self.whole = self.shard


class Accelerator:
    """Divides its loss, and has no `gradient_state`."""

    gradient_accumulation_steps = 2

    def accumulate(self):
        pass

    def prepare(self):
        pass

    def backward(self, loss):
        (loss / 2).backward()


def recorded(output, adapter, module, in_step):
    """Return the facts of three steps that were recorded beside an adapter for something else than it knows."""
    model = torch.nn.Linear(2, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with gradprobe.watch(output) as watch:
        adapter.install(_active.recorder, _active.recorder.patches, module)
        for _ in range(3):
            optimizer.zero_grad()
            in_step(model, model(torch.ones(2)).sum())
            optimizer.step()
    return watch.run().record.facts


def test_of_a_sharding_that_is_done_in_another_way(tmp_path):
    module = ModuleType("_fsdp_param")
    module.FSDPParam = FSDPParam

    def in_step(model, loss):
        loss.backward()
        one = FSDPParam()
        one._init_sharded_param(model.weight)
        one.init_unsharded_param()

    facts = recorded(tmp_path / "run", fsdp, module, in_step)
    assert facts.steps == 3
    (unfit,) = facts.unfit
    assert unfit.startswith(f"{fsdp.MODULE} ({torch.__version__}): AttributeError: ")
    assert "sharded_param" in unfit


def test_of_an_accelerator_that_accumulates_in_another_way(tmp_path):
    accelerator = Accelerator()
    module = SimpleNamespace(Accelerator=Accelerator)
    facts = recorded(tmp_path / "run", accelerate, module, lambda model, loss: accelerator.backward(loss))
    assert facts.steps == 3
    (unfit,) = facts.unfit
    assert unfit.startswith(accelerate.MODULE)
    assert "gradient_state" in unfit
