"""Multi-gate mixture of experts for two tasks on tabular features."""

import torch
import torch.nn.functional as F
from torch import nn


def tower(inp, out):
    return nn.Sequential(nn.Linear(inp, 16), nn.ReLU(), nn.Linear(16, out))


class MMoE(nn.Module):
    def __init__(self, inp=8, dim=12, experts=4, tasks=2):
        super().__init__()
        self.experts = nn.ModuleList([tower(inp, dim)] * experts)  # expect: shared-reference
        self.gates = nn.ModuleList(nn.Linear(inp, experts) for _ in range(tasks))
        self.towers = nn.ModuleList(tower(dim, 1) for _ in range(tasks))

    def forward(self, x):
        outs = torch.stack([expert(x) for expert in self.experts], dim=1)
        results = []
        for gate, head in zip(self.gates, self.towers):
            mix = torch.softmax(gate(x), dim=-1)
            results.append(head((mix[..., None] * outs).sum(1)).squeeze(-1))
        return results


def main():
    torch.manual_seed(0)
    w = torch.randn(8, 2)
    model = MMoE()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    for step in range(50):
        x = torch.randn(48, 8)
        click, spend = (x @ w[:, 0] > 0).float(), torch.sin(x @ w[:, 1])
        a, b = model(x)
        loss = F.binary_cross_entropy_with_logits(a, click) + F.mse_loss(b, spend)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.3f}")


if __name__ == "__main__":
    main()
