"""The usual train/val phases with set_grad_enabled, validation first."""

import copy

import torch
import torch.nn.functional as F
from torch import nn


def make(n, seed):
    gen = torch.Generator().manual_seed(seed)
    x = torch.randn(n, 6, generator=gen)
    return torch.utils.data.TensorDataset(x, (x[:, 0] * x[:, 1] > 0).long())


def main(epochs=5):
    torch.manual_seed(0)
    sets = {"val": make(32, 1), "train": make(96, 0)}
    loaders = {name: torch.utils.data.DataLoader(d, 16, shuffle=name == "train") for name, d in sets.items()}
    model = nn.Sequential(nn.Linear(6, 32), nn.ReLU(), nn.Linear(32, 2))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    best, best_loss = copy.deepcopy(model.state_dict()), float("inf")
    for epoch in range(epochs):
        for phase in ("val", "train"):
            model.train(phase == "train")
            running = 0.0
            for x, y in loaders[phase]:
                optimizer.zero_grad()
                with torch.set_grad_enabled(phase == "train"):
                    loss = F.cross_entropy(model(x), y)
                    if phase == "train":
                        loss.backward()
                        optimizer.step()
                running += loss.item() * len(x)
            running /= len(sets[phase])
            print(f"epoch {epoch} {phase} {running:.4f}")
            if phase == "val" and running < best_loss:
                best, best_loss = copy.deepcopy(model.state_dict()), running
    model.load_state_dict(best)


if __name__ == "__main__":
    main()
