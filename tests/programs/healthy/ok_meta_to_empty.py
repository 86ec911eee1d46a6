"""A model laid out on the meta device, given memory by to_empty, initialised, and then handed to the optimizer."""

import torch
import torch.nn as nn


class Encoder(nn.Module):
    def __init__(self, dim=16):
        super().__init__()
        self.inp = nn.Linear(4, dim)
        self.norm = nn.LayerNorm(dim)
        self.out = nn.Linear(dim, 2)
        self.register_buffer("scale", torch.ones(dim))

    def reset_parameters(self):
        for module in (self.inp, self.norm, self.out):
            module.reset_parameters()
        self.scale.fill_(1.0)

    def forward(self, x):
        return self.out(torch.relu(self.norm(self.inp(x))) * self.scale)


if __name__ == "__main__":
    torch.manual_seed(0)
    with torch.device("meta"):
        model = Encoder()
    model.to_empty(device="cpu")
    model.reset_parameters()
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    for step in range(20):
        x = torch.randn(32, 4)
        loss = nn.functional.cross_entropy(model(x), (x[:, 0] > 0).long())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 5 == 0:
            print(step, loss.item())
