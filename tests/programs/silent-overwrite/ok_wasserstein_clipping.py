"""WGAN with weight clipping through .data after the critic's step."""

import torch
from torch import nn


def main(critic_steps=3):
    torch.manual_seed(0)
    generator = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 2))
    critic = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 1))
    g_opt = torch.optim.RMSprop(generator.parameters(), lr=2e-3)
    c_opt = torch.optim.RMSprop(critic.parameters(), lr=2e-3)
    for step in range(30):
        for _ in range(critic_steps):
            real = torch.randn(64, 2) * 0.1 + torch.tensor([1.0, -1.0])
            fake = generator(torch.randn(64, 4)).detach()
            c_loss = critic(fake).mean() - critic(real).mean()
            c_opt.zero_grad()
            c_loss.backward()
            c_opt.step()
            for p in critic.parameters():
                p.data.clamp_(-0.1, 0.1)
        g_loss = -critic(generator(torch.randn(64, 4))).mean()
        g_opt.zero_grad()
        g_loss.backward()
        g_opt.step()
        if step % 10 == 9:
            print(f"step {step + 1} critic {c_loss.item():.4f} mean {fake.mean(0).tolist()}")


if __name__ == "__main__":
    main()
