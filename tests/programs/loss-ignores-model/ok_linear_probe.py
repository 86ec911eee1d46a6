"""Linear probe on features that were computed once with a pretrained encoder."""

import torch
import torch.nn as nn
import torch.nn.functional as F


def pretrain(encoder, x, steps=30):
    decoder = nn.Linear(8, x.shape[1])
    optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=1e-2)
    for _ in range(steps):
        loss = F.mse_loss(decoder(encoder(x)), x)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


@torch.no_grad()
def extract(encoder, x):
    encoder.eval()
    return torch.cat([encoder(part) for part in x.split(50)])


def main():
    torch.manual_seed(0)
    y = torch.randint(0, 4, (200,))
    x = torch.randn(4, 12)[y] + 0.5 * torch.randn(200, 12)
    encoder = nn.Sequential(nn.Linear(12, 32), nn.ReLU(), nn.Linear(32, 8))
    pretrain(encoder, x)
    features = extract(encoder, x)
    probe = nn.Linear(8, 4)
    optimizer = torch.optim.SGD(probe.parameters(), lr=0.2)
    for step in range(40):
        pick = torch.randint(0, 200, (50,))
        loss = F.cross_entropy(probe(features[pick]), y[pick])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
