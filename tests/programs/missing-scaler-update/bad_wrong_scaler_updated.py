"""Small GAN with a scaler for either network."""

import torch
import torch.nn as nn
import torch.nn.functional as F


def net(i, o):
    return nn.Sequential(nn.Linear(i, 32), nn.LeakyReLU(0.2), nn.Linear(32, o))


def main():
    torch.manual_seed(0)
    gen, dis = net(4, 2), net(2, 1)
    opt_g = torch.optim.Adam(gen.parameters(), lr=1e-3, betas=(0.5, 0.99))
    opt_d = torch.optim.Adam(dis.parameters(), lr=1e-3, betas=(0.5, 0.99))
    scaler_g = torch.amp.GradScaler("cpu")
    scaler_d = torch.amp.GradScaler("cpu")
    for step in range(40):
        real = torch.randn(64, 2) * 0.2 + torch.tensor([1.0, -1.0])
        with torch.autocast("cpu", dtype=torch.bfloat16):
            fake = gen(torch.randn(64, 4))
            d_loss = F.softplus(-dis(real)).mean() + F.softplus(dis(fake.detach())).mean()
        opt_d.zero_grad()
        scaler_d.scale(d_loss).backward()
        scaler_d.step(opt_d)  # accept: missing-scaler-update

        with torch.autocast("cpu", dtype=torch.bfloat16):
            g_loss = F.softplus(-dis(fake)).mean()
        opt_g.zero_grad()
        scaler_g.scale(g_loss).backward()
        scaler_g.step(opt_g)
        scaler_g.update()  # expect: missing-scaler-update
        if step % 10 == 0:
            print(f"step {step} d {d_loss.item():.3f} g {g_loss.item():.3f}")


if __name__ == "__main__":
    main()
