"""SwAV-like prototypes: normalised in place under no_grad, always before the forward pass that uses them."""

import torch
import torch.nn.functional as F
from torch import nn


@torch.no_grad()
def sinkhorn(scores, rounds=3):
    q = torch.exp(scores / 0.1).t()
    for _ in range(rounds):
        q /= q.sum(1, keepdim=True) * q.size(0)
        q /= q.sum(0, keepdim=True) * q.size(1)
    return (q * q.size(1)).t()


def main():
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    encoder = nn.Sequential(nn.Linear(12, 32), nn.ReLU(), nn.Linear(32, 8))
    prototypes = nn.Linear(8, 6, bias=False)
    optimizer = torch.optim.SGD([*encoder.parameters(), *prototypes.parameters()], lr=0.05, momentum=0.9)
    centers = 2 * torch.randn(6, 12, generator=gen)
    for step in range(50):
        with torch.no_grad():
            prototypes.weight.copy_(F.normalize(prototypes.weight, dim=1))
        x = centers[torch.randint(0, 6, (48,), generator=gen)]
        a, b = (
            prototypes(F.normalize(encoder(x + 0.3 * torch.randn(x.shape, generator=gen)), dim=1)) for _ in range(2)
        )
        qa, qb = sinkhorn(a), sinkhorn(b)
        loss = -0.5 * ((qa * (b / 0.2).log_softmax(1)).sum(1) + (qb * (a / 0.2).log_softmax(1)).sum(1)).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 9:
            print(f"step {step + 1} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
