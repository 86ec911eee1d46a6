"""bf16 autocast with a block used several times in one forward: its cast weights come from autocast's cache."""

import torch
import torch.nn as nn


class Looped(nn.Module):
    def __init__(self, dim=16):
        super().__init__()
        self.inp, self.block, self.out = nn.Linear(4, dim), nn.Linear(dim, dim), nn.Linear(dim, 1)

    def forward(self, x, loops=4):
        h = self.inp(x)
        for _ in range(loops):
            h = h + torch.tanh(self.block(h))
        return self.out(h).squeeze(1)


if __name__ == "__main__":
    torch.manual_seed(0)
    model = Looped()
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    for step in range(20):
        x = torch.randn(32, 4)
        with torch.autocast("cpu", torch.bfloat16, cache_enabled=True):
            with torch.no_grad():
                reference = model(x, 1)  # Outside of the graph, before the casts that are in it.
        with torch.autocast("cpu", torch.bfloat16):
            predicted = model(x)
        loss = (predicted.float() - x.sum(1)).pow(2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 5 == 0:
            print(step, loss.item(), reference.float().mean().item())
