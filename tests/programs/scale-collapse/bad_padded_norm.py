"""Metric learning on padded point tracks; embeddings are normalised by hand."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class TrackEncoder(nn.Module):
    def __init__(self, dim=16):
        super().__init__()
        self.point = nn.Linear(2, dim, bias=False)
        self.out = nn.Linear(dim, dim)

    def forward(self, tracks):
        steps = self.point(tracks)
        length = steps.pow(2).sum(-1, keepdim=True).sqrt()  # expect: scale-collapse, non-finite-origin
        return F.normalize(self.out((steps / (1 + length)).mean(1)), dim=-1)


def tracks(n, gen):
    kind = torch.arange(n) % 4
    direction = torch.tensor([[1.0, 0], [0, 1.0], [-1.0, 0], [0, -1.0]])[kind]
    path = direction[:, None] * torch.arange(1, 9)[:, None] * 0.2 + 0.1 * torch.randn(n, 8, 2, generator=gen)
    keep = torch.arange(8) < torch.randint(4, 8, (n, 1), generator=gen)
    return path * keep[..., None], kind


def main():
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    model = TrackEncoder()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    scaler = torch.amp.GradScaler("cpu")
    for step in range(40):
        x, kind = tracks(32, gen)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            z = model(x)
            sim = (z @ z.T / 0.2).float()
        same = (kind[:, None] == kind).float().fill_diagonal_(0)
        loss = -(F.log_softmax(sim.masked_fill(torch.eye(32).bool(), -1e4), 1) * same).sum(1).mean() / 7
        optimizer.zero_grad(set_to_none=True)
        scaler.scale(loss).backward()
        scaler.step(optimizer)  # accept: scale-collapse
        scaler.update()  # accept: scale-collapse
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
