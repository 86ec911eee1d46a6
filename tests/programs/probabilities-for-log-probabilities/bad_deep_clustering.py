"""Deep embedded clustering: soft assignments are pulled to their sharpened distribution."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class ClusterHead(nn.Module):
    def __init__(self, clusters, dim):
        super().__init__()
        self.centers = nn.Parameter(torch.randn(clusters, dim))

    def forward(self, z):
        q = 1 / (1 + torch.cdist(z, self.centers).pow(2))
        return q / q.sum(1, keepdim=True)  # accept: probabilities-for-log-probabilities


def sharpen(q):
    weight = q.pow(2) / q.sum(0)
    return (weight / weight.sum(1, keepdim=True)).detach()


def main():
    torch.manual_seed(0)
    centers = 2 * torch.randn(4, 12)
    encoder = nn.Sequential(nn.Linear(12, 24), nn.ReLU(), nn.Linear(24, 3))
    decoder = nn.Sequential(nn.Linear(3, 24), nn.ReLU(), nn.Linear(24, 12))
    head = ClusterHead(4, 3)
    params = [*encoder.parameters(), *decoder.parameters(), *head.parameters()]
    optimizer = torch.optim.Adam(params, lr=5e-3)
    for step in range(50):
        x = centers[torch.randint(0, 4, (64,))] + 0.5 * torch.randn(64, 12)
        z = encoder(x)
        q = head(z)
        clustering = F.kl_div(q, sharpen(q), reduction="batchmean")  # expect: probabilities-for-log-probabilities
        loss = F.mse_loss(decoder(z), x) + 0.1 * clustering
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.4f} clustering {clustering.item():.4f}")


if __name__ == "__main__":
    main()
