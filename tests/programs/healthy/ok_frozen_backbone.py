"""Linear probe: a loaded backbone is left out of the optimizer and runs without gradients."""

import io

import torch
import torch.nn as nn


def backbone():
    return nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU())


if __name__ == "__main__":
    torch.manual_seed(0)
    file = io.BytesIO()
    torch.save(backbone().state_dict(), file)
    file.seek(0)
    features = backbone().eval()
    features.load_state_dict(torch.load(file))
    probe = nn.Linear(32, 2)
    opt = torch.optim.SGD(probe.parameters(), lr=0.5)
    for step in range(40):
        x = torch.randn(64, 8)
        with torch.no_grad():
            h = features(x)
        loss = nn.functional.cross_entropy(probe(h), (x[:, 0] > 0).long())
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 10 == 0:
            print(step, round(loss.item(), 3))
