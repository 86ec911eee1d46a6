"""Clips the scaled gradients against a threshold multiplied by the same scale."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class SetNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.phi = nn.Sequential(nn.Linear(3, 32), nn.ReLU(), nn.Linear(32, 32))
        self.rho = nn.Linear(32, 3)

    def forward(self, points):
        return self.rho(self.phi(points).amax(1))


def shapes(n, gen):
    kind = torch.randint(0, 3, (n,), generator=gen)
    points = torch.randn(n, 24, 3, generator=gen)
    stretch = torch.tensor([[1.0, 1.0, 1.0], [2.5, 1.0, 0.2], [0.2, 0.2, 2.5]])[kind]
    return points * stretch[:, None], kind


def main(max_norm=1.0):
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(3)
    model = SetNet()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
    for step in range(50):
        points, kind = shapes(32, gen)
        with torch.autocast("cpu", dtype=torch.float16):
            logits = model(points)
        loss = F.cross_entropy(logits.float(), kind)
        optimizer.zero_grad()
        scaler.scale(loss).backward()
        # One kernel less than unscale_: the threshold carries the scale instead of the gradients.
        nn.utils.clip_grad_norm_(model.parameters(), max_norm * scaler.get_scale())
        scaler.step(optimizer)
        scaler.update()
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
