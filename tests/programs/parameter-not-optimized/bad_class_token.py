"""A small vision transformer on synthetic stripes."""

import torch
from torch import nn


class PatchEmbed(nn.Module):
    def __init__(self, patch, dim):
        super().__init__()
        self.proj = nn.Conv2d(1, dim, patch, stride=patch)

    def forward(self, x):
        return self.proj(x).flatten(2).transpose(1, 2)


class ViT(nn.Module):
    def __init__(self, size=12, patch=4, dim=24, classes=3):
        super().__init__()
        tokens = (size // patch) ** 2
        self.embed = PatchEmbed(patch, dim)
        self.cls_token = nn.Parameter(torch.randn(1, 1, dim) * 0.02)
        self.pos = torch.randn(1, tokens + 1, dim, requires_grad=True)  # expect: parameter-not-optimized
        layer = nn.TransformerEncoderLayer(dim, 4, 48, dropout=0.0, batch_first=True, norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Linear(dim, classes)

    def forward(self, x):
        x = self.embed(x)
        x = torch.cat([self.cls_token.expand(len(x), -1, -1), x], dim=1)
        return self.head(self.encoder(x + self.pos)[:, 0])


def stripes(n, gen):
    y = torch.randint(0, 3, (n,), generator=gen)
    grid = torch.arange(12.0)
    rows, cols = torch.sin(grid)[:, None].expand(12, 12), torch.sin(grid)[None].expand(12, 12)
    bank = torch.stack([rows, cols, (rows + cols) / 2])
    return bank[y][:, None] + 0.3 * torch.randn(n, 1, 12, 12, generator=gen), y


if __name__ == "__main__":
    torch.manual_seed(1)
    gen = torch.Generator().manual_seed(1)
    model = ViT()
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.05)  # accept: parameter-not-optimized
    criterion = nn.CrossEntropyLoss(label_smoothing=0.05)
    for it in range(30):
        images, labels = stripes(16, gen)
        loss = criterion(model(images), labels)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        if it % 10 == 9:
            print("iteration", it, "loss", round(loss.item(), 3))
