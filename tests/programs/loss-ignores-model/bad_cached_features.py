"""Center loss for few-shot features: class centers and the encoder are trained together."""

import torch
import torch.nn as nn


class Encoder(nn.Module):
    def __init__(self, dim=10, out=6):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(dim, 32), nn.ReLU(), nn.Linear(32, out))

    def forward(self, x):
        return nn.functional.normalize(self.net(x), dim=1)


class FeatureCache:
    def __init__(self, encoder, x):
        self.encoder, self.x = encoder, x
        self.refresh()

    def refresh(self):
        with torch.no_grad():  # accept: loss-ignores-model, severed-gradient
            self.z = self.encoder(self.x)  # expect: loss-ignores-model, severed-gradient

    def __getitem__(self, index):
        return self.z[index]


def main():
    torch.manual_seed(0)
    y = torch.randint(0, 4, (240,))
    x = torch.randn(4, 10)[y] + 0.6 * torch.randn(240, 10)
    encoder = Encoder()
    centers = nn.Parameter(torch.randn(4, 6))
    cache = FeatureCache(encoder, x)
    optimizer = torch.optim.Adam([{"params": encoder.parameters()}, {"params": [centers], "lr": 5e-2}], lr=5e-3)
    for epoch in range(6):
        cache.refresh()
        for pick in torch.randperm(240).split(40):
            distance = torch.cdist(cache[pick], centers)  # accept: loss-ignores-model
            loss = nn.functional.cross_entropy(-4 * distance, y[pick])  # accept: loss-ignores-model
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        print(f"epoch {epoch} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
