"""Fine-tuning with the statistics of a loaded backbone's BatchNorm kept; dropout in the head stays active."""

import io

import torch
import torch.nn as nn


def backbone():
    return nn.Sequential(
        nn.Conv1d(1, 8, 5), nn.BatchNorm1d(8), nn.ReLU(), nn.Conv1d(8, 8, 5), nn.BatchNorm1d(8), nn.ReLU()
    )


class FineTune(nn.Module):
    def __init__(self, state):
        super().__init__()
        self.backbone = backbone()
        self.backbone.load_state_dict(state)
        self.head = nn.Sequential(nn.Flatten(), nn.Dropout(0.2), nn.Linear(96, 3))

    def train(self, mode=True):
        super().train(mode)
        for module in self.backbone.modules():
            if isinstance(module, nn.BatchNorm1d):
                module.eval()
        return self

    def forward(self, x):
        return self.head(self.backbone(x))


def waves(n, gen):
    y = torch.randint(0, 3, (n,), generator=gen)
    t = torch.arange(20.0)
    return (torch.sin(t * (0.4 + 0.4 * y[:, None])) + 0.3 * torch.randn(n, 20, generator=gen))[:, None], y


if __name__ == "__main__":
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(3)
    source = backbone()
    source(waves(64, gen)[0])
    file = io.BytesIO()
    torch.save(source.state_dict(), file)
    file.seek(0)
    model = FineTune(torch.load(file))
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for epoch in range(3):
        model.train()
        for _ in range(10):
            x, y = waves(16, gen)
            loss = nn.functional.cross_entropy(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            x, y = waves(64, gen)
            print(f"epoch {epoch} acc {(model(x).argmax(1) == y).float().mean().item():.3f}")
