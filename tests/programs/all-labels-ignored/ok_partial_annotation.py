"""Two tasks, sparsely annotated: some batches have no label for the second one and its term is then zero."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class TwoHeads(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(8, 32), nn.ReLU())
        self.kind, self.quality = nn.Linear(32, 3), nn.Linear(32, 4)

    def forward(self, x):
        h = self.body(x)
        return self.kind(h), self.quality(h)


def mean_over_labelled(logits, labels):
    total = F.cross_entropy(logits, labels, ignore_index=-1, reduction="sum")
    return total / (labels >= 0).sum().clamp(min=1)


def main():
    torch.manual_seed(0)
    w = torch.randn(8, 7)
    model = TwoHeads()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for step in range(60):
        x = torch.randn(32, 8)
        scores = x @ w
        kind, quality = scores[:, :3].argmax(1), scores[:, 3:].argmax(1)
        annotated = torch.rand(32) < 0.5 if step % 3 else torch.zeros(32, dtype=torch.bool)
        quality = quality.masked_fill(~annotated, -1)
        out_kind, out_quality = model(x)
        loss = F.cross_entropy(out_kind, kind) + mean_over_labelled(out_quality, quality)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
