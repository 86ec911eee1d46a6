"""The same regression by fused, foreach, differentiable and single-tensor optimizers, each over its own part of the network."""

import torch
import torch.nn as nn

if __name__ == "__main__":
    torch.manual_seed(0)
    model = nn.ModuleDict({name: nn.Sequential(nn.Linear(4, 12), nn.Tanh(), nn.Linear(12, 1)) for name in "abcdefg"})
    optimizers = {
        "a": torch.optim.AdamW(model["a"].parameters(), lr=1e-2, fused=True),
        "b": torch.optim.SGD(model["b"].parameters(), lr=1e-2, fused=True, momentum=0.9),
        "c": torch.optim.Adam(model["c"].parameters(), lr=1e-2, foreach=True),
        "d": torch.optim.Adam(model["d"].parameters(), lr=torch.tensor(1e-2), foreach=False, amsgrad=True),
        "e": torch.optim.SGD(model["e"].parameters(), lr=1e-2, foreach=True, nesterov=True, momentum=0.9),
        "f": torch.optim.RAdam(model["f"].parameters(), lr=1e-2, foreach=True),
        "g": torch.optim.Adagrad(model["g"].parameters(), lr=1e-1, fused=True),
    }
    for step in range(20):
        x = torch.randn(32, 4)
        losses = {name: (part(x).squeeze(1) - x[:, 0]).pow(2).mean() for name, part in model.items()}
        torch.stack(list(losses.values())).sum().backward()
        for optimizer in optimizers.values():
            optimizer.step()
            optimizer.zero_grad()
        if step % 5 == 0:
            print(step, {name: round(loss.item(), 3) for name, loss in losses.items()})
