"""Small real trainings, recorded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn

import gradprobe
from gradprobe.record.frames import Run
from gradprobe.record.record import Parameter, Record


def recorded(train: Callable[[], object], output: Path, *, max_batches: int | None = None) -> Run:
    """Run a training under the recorder and return what was recorded."""
    with gradprobe.watch(output, max_batches=max_batches) as watch:
        train()
    return watch.run()


def parameter(record: Record, name: str) -> Parameter:
    """Return the parameter of this name."""
    return next(parameter for parameter in record.parameters if parameter.name == name)


def norms_of(record: Record, name: str) -> list[float]:
    """Return the recorded norms of a parameter, step by step."""
    names = [parameter.name for parameter in record.parameters]
    return record.steps.norms[:, names.index(name)].tolist()


class Classifier(nn.Module):
    """Two layers: 8 features to 3 classes."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(8, 16), nn.ReLU(inplace=True))
        self.head = nn.Linear(16, 3)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:  # [batch, 8] -> [batch, 3]
        return self.head(self.encoder(inputs))


def batches(steps: int, *, size: int = 4, seed: int = 0) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Return (inputs `[size, 8]`, classes `[size]`) for so many steps."""
    generator = torch.Generator().manual_seed(seed)
    return [
        (torch.randn(size, 8, generator=generator), torch.randint(0, 3, (size,), generator=generator))
        for _ in range(steps)
    ]
