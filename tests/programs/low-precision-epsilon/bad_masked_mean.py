"""Pooling of padded sets; the denominator is guarded against empty sets."""

import torch
import torch.nn as nn
import torch.nn.functional as F


def masked_mean(h, mask):
    weight = mask.to(h.dtype).unsqueeze(-1)
    return (h * weight).sum(1) / (weight.sum(1) + 1e-8)  # expect: low-precision-epsilon


class SetClassifier(nn.Module):
    def __init__(self, feats=6, dim=24, classes=3):
        super().__init__()
        self.phi = nn.Linear(feats, dim)
        self.rho = nn.Linear(dim, classes)

    def forward(self, x, mask):
        return self.rho(masked_mean(F.relu(self.phi(x)), mask))  # accept: low-precision-epsilon


def batch(gen, proto):
    y = torch.randint(0, 3, (32,), generator=gen)
    x = proto[y][:, None] + 0.5 * torch.randn(32, 7, 6, generator=gen)
    size = torch.randint(0, 8, (32, 1), generator=gen)
    return x, torch.arange(7) < size, y


def main():
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(2)
    proto = torch.randn(3, 6, generator=gen)
    model = SetClassifier()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    for step in range(40):
        x, mask, y = batch(gen, proto)
        with torch.autocast("cpu", dtype=torch.float16):
            logits = model(x, mask)
        loss = F.cross_entropy(logits.float(), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
