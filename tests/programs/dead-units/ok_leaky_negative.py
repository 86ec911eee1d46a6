"""LeakyReLU network on strictly negative inputs (log-probabilities)."""

import torch
import torch.nn as nn


def log_probs(n, gen):
    logits = 3.0 * torch.randn(n, 8, generator=gen)
    return torch.log_softmax(logits, -1), logits.topk(2, -1).values.diff(dim=-1).abs()


if __name__ == "__main__":
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    net = nn.Sequential(nn.Linear(8, 24), nn.LeakyReLU(0.1), nn.Linear(24, 24), nn.LeakyReLU(0.1), nn.Linear(24, 1))
    with torch.no_grad():
        net[0].weight.abs_()
    opt = torch.optim.Adam(net.parameters(), lr=3e-3)
    for step in range(50):
        x, y = log_probs(64, gen)
        loss = nn.functional.mse_loss(net(x), y)
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 10 == 0:
            print(step, round(loss.item(), 4))
