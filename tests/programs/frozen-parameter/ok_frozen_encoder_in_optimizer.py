"""A loaded encoder is frozen on purpose; the optimizer was simply given all parameters of the model."""

import torch
import torch.nn.functional as F
from torch import nn


def encoder():
    return nn.Sequential(nn.Linear(16, 32), nn.GELU(), nn.Linear(32, 16), nn.GELU())


def pretrain(gen):
    net, head = encoder(), nn.Linear(16, 16)
    optimizer = torch.optim.Adam([*net.parameters(), *head.parameters()], lr=5e-3)
    for _ in range(20):
        x = torch.randn(32, 16, generator=gen)
        loss = F.mse_loss(head(net(x)), x)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return net.state_dict()


class Probe(nn.Module):
    def __init__(self, state):
        super().__init__()
        self.backbone = encoder()
        self.backbone.load_state_dict(state)
        self.backbone.requires_grad_(False)
        self.head = nn.Linear(16, 3)

    def forward(self, x):
        return self.head(self.backbone(x))


if __name__ == "__main__":
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    model = Probe(pretrain(gen))
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-2)
    for step in range(40):
        x = torch.randn(32, 16, generator=gen)
        loss = F.cross_entropy(model(x), x[:, :3].argmax(1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 9:
            print(f"step {step + 1} loss {loss.item():.4f}")
