"""Image-text matching on precomputed features with one tower per modality."""

import torch
import torch.nn.functional as F
from torch import nn


def tower(dim=24, width=32):
    return nn.Sequential(nn.Linear(dim, width), nn.LayerNorm(width), nn.GELU(), nn.Linear(width, 16))


class MatchingModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.image_tower = tower()
        self.text_tower = tower()  # accept: unused-parameter
        self.scale = nn.Parameter(torch.tensor(2.0))

    def forward(self, image, text):
        image = F.normalize(self.image_tower(image), dim=-1)
        text = F.normalize(self.image_tower(text), dim=-1)  # expect: unused-parameter
        return self.scale.exp() * image @ text.t()


def features(n, gen):
    concept = torch.randn(n, 24, generator=gen)
    return concept + 0.3 * torch.randn(n, 24, generator=gen), concept.flip(1)


def main():
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    model = MatchingModel()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.0)  # accept: unused-parameter
    for step in range(40):
        logits = model(*features(32, gen))
        target = torch.arange(32)
        loss = (F.cross_entropy(logits, target) + F.cross_entropy(logits.t(), target)) / 2
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 9:
            print(f"step {step + 1} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
