"""What people use to look at gradients, each as something that can be put around the same work."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Final, TypeAlias

import torch

from benchmarks.work import Work

AfterBackward: TypeAlias = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Contender:
    """Something that looks at gradients.

    Attributes:
        name: Its name in the tables.
        attach: Puts it around the work, and gives the call to make after each `backward()`.
        stays: It cannot be switched off again, so it has a copy of the work of its own and stays on to the last step.
        period: Steps from one of its looks to the next.
    """

    name: str
    attach: Callable[[Work], AbstractContextManager[AfterBackward]]
    stays: bool = False
    period: int = 1


def nothing() -> None:
    """Do what a bare script does after `backward()`."""


@contextmanager
def bare(_: Work) -> Iterator[AfterBackward]:
    """Attach nothing."""
    yield nothing


@contextmanager
def gradprobe_watch(_: Work) -> Iterator[AfterBackward]:
    """Record with gradprobe, its defaults."""
    import gradprobe

    with tempfile.TemporaryDirectory() as folder, gradprobe.watch(output=f"{folder}/run"):
        yield nothing


@contextmanager
def item_loop(work: Work) -> Iterator[AfterBackward]:
    """Read the norm of every parameter, as in a thousand training scripts."""

    def read() -> None:
        for parameter in work.model.parameters():
            if parameter.grad is not None:
                parameter.grad.norm().item()

    yield read


@contextmanager
def lightning_grad_norm(work: Work) -> Iterator[AfterBackward]:
    """Call what Lightning's documentation says to call in `on_before_optimizer_step`."""
    from lightning.pytorch.utilities import grad_norm

    yield lambda: void(grad_norm(work.model, norm_type=2))


@contextmanager
def anomaly_mode(_: Work) -> Iterator[AfterBackward]:
    """Switch on torch's anomaly mode."""
    with torch.autograd.set_detect_anomaly(True):
        yield nothing


@contextmanager
def debug_underflow_overflow(work: Work) -> Iterator[AfterBackward]:
    """Attach transformers' detector of overflow in activations and weights."""
    from transformers.debug_utils import DebugUnderflowOverflow

    DebugUnderflowOverflow(work.model)
    yield nothing


def wandb_watch(frequency: int) -> Callable[[Work], AbstractContextManager[AfterBackward]]:
    """Return a contender's `attach`: histograms of all gradients every so many steps, written to disk (offline)."""

    @contextmanager
    def attach(work: Work) -> Iterator[AfterBackward]:
        import wandb

        # Its sampling of CPU and memory is switched off: it is no part of looking at gradients.
        # Both frequencies share one run, because its hooks write to the process's one global run.
        settings = wandb.Settings(silent=True, console="off", x_disable_stats=True)
        with tempfile.TemporaryDirectory() as folder:
            run = wandb.init(
                project="overhead", mode="offline", dir=folder, settings=settings, reinit="return_previous"
            )
            run.watch(work.model, log="gradients", log_freq=frequency)
            try:
                yield lambda: run.log({})
            finally:
                run.finish()

    return attach


def void(_: object) -> None:
    """Drop a value."""


SPARSE: Final = 100
"""Steps between two looks of the sparse `wandb.watch`; its own default, 1,000, is more than a contender takes here."""

BARE: Final = Contender("bare script", bare)
CONTENDERS: Final = (
    BARE,
    Contender("bare script again (the noise)", bare, stays=True),
    Contender("gradprobe.watch", gradprobe_watch),
    Contender("loop of `p.grad.norm().item()`", item_loop),
    Contender("Lightning `grad_norm`", lightning_grad_norm),
    Contender("torch anomaly mode", anomaly_mode),
    Contender("transformers `DebugUnderflowOverflow`", debug_underflow_overflow, stays=True),
    Contender("`wandb.watch`, every step", wandb_watch(1), stays=True),
    Contender(f"`wandb.watch`, every {SPARSE} steps", wandb_watch(SPARSE), stays=True, period=SPARSE),
)
