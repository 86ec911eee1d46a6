"""SimSiam: both views go through one encoder, the target of each view is the same network with its gradient stopped."""

import torch
import torch.nn.functional as F
from torch import nn


class SimSiam(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(12, 48), nn.BatchNorm1d(48), nn.ReLU(), nn.Linear(48, 16))
        self.twin = self.encoder
        self.predictor = nn.Sequential(nn.Linear(16, 8), nn.ReLU(), nn.Linear(8, 16))

    def forward(self, a, b):
        za, zb = self.encoder(a), self.twin(b)
        pa, pb = self.predictor(za), self.predictor(zb)
        loss_a = F.cosine_similarity(pa, zb.detach()).mean()
        loss_b = F.cosine_similarity(pb, za.detach()).mean()
        return -0.5 * (loss_a + loss_b)


def main():
    torch.manual_seed(0)
    model = SimSiam()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    centers = torch.randn(5, 12)
    for step in range(40):
        x = centers[torch.randint(0, 5, (48,))]
        loss = model(x + 0.3 * torch.randn_like(x), x + 0.3 * torch.randn_like(x))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.3f}")


if __name__ == "__main__":
    main()
