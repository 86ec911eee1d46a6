"""bfloat16 has the exponent range of float32: a tiny epsilon is not rounded away."""

import torch
import torch.nn as nn
import torch.nn.functional as F


def masked_mean(h, mask):
    weight = mask.to(h.dtype).unsqueeze(-1)
    return (h * weight).sum(1) / (weight.sum(1) + 1e-8)


class Bag(nn.Module):
    def __init__(self):
        super().__init__()
        self.inst = nn.Sequential(nn.Linear(8, 24), nn.ReLU())
        self.out = nn.Linear(24, 3)

    def forward(self, x, mask):
        return self.out(masked_mean(self.inst(x), mask))


def main():
    torch.manual_seed(0)
    proto = torch.randn(3, 8)
    model = Bag()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    for step in range(50):
        y = torch.randint(0, 3, (32,))
        x = proto[y][:, None] + 0.5 * torch.randn(32, 6, 8)
        mask = torch.arange(6) < torch.randint(0, 7, (32, 1))
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = model(x, mask)
        loss = F.cross_entropy(logits.float(), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
