"""Trains in every way that randomness can enter, and prints what came of it; run bare and under gradprobe."""

import hashlib
import random
import sys

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


class Noise(Dataset):
    """Random items that depend on the worker's seed."""

    def __len__(self):
        return 24

    def __getitem__(self, index):
        return torch.randn(8) + index / 24, index % 3


def digest(*tensors):
    """Return a digest of tensors and of every random state."""
    summed = hashlib.sha256()
    for tensor in tensors:
        summed.update(tensor.detach().numpy().tobytes())
    summed.update(torch.get_rng_state().numpy().tobytes())
    summed.update(repr(random.getstate()).encode())
    summed.update(repr(np.random.get_state()).encode())
    return summed.hexdigest()


def loop(batches, *, scaled):
    """Train a small model with dropout; under autocast and a gradient scaler where `scaled`."""
    torch.manual_seed(1)
    model = nn.Sequential(nn.Linear(8, 32), nn.ReLU(inplace=True), nn.Dropout(0.3), nn.Linear(32, 3))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    scaler = torch.amp.GradScaler("cpu", enabled=scaled, init_scale=2.0**8, growth_interval=3)
    losses = []
    for inputs, classes in batches:
        with torch.autocast("cpu", torch.bfloat16, enabled=scaled):
            loss = nn.functional.cross_entropy(model(inputs).float(), classes)
        optimizer.zero_grad()
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        scaler.step(optimizer)
        scaler.update()
        losses.append(loss.detach())
    return digest(*losses, *model.parameters())


def main():
    """Print one line a way of training."""
    random.seed(0)
    np.random.seed(0)
    torch.manual_seed(0)
    plain = [(torch.randn(4, 8), torch.randint(0, 3, (4,))) for _ in range(15)]
    print("plain", loop(plain, scaled=False))
    print("mixed precision", loop(plain, scaled=True))
    for context in ("fork", "spawn"):
        torch.manual_seed(2)
        loader = DataLoader(Noise(), batch_size=4, shuffle=True, num_workers=2, multiprocessing_context=context)
        print(context, loop(loader, scaled=False))

    from gradprobe_reference.pieces import Pieces
    from gradprobe_reference.settings import Settings
    from gradprobe_reference.train import train

    reports = []
    trained = train(Settings(max_batches=12), Pieces(), reports.append)
    values = [torch.as_tensor(value) for report in reports for value in report.metrics.values()]
    parameters = [parameter for group in trained.optimizer.param_groups for parameter in group["params"]]
    print("reference", len(reports), digest(*values, *parameters))


if __name__ == "__main__":
    sys.exit(main())
