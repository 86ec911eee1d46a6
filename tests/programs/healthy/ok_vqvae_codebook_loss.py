"""VQ-VAE with a learned embedding table: codebook loss and commitment loss each stop one side."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class VectorQuantizer(nn.Module):
    def __init__(self, codes=32, dim=4, beta=0.25):
        super().__init__()
        self.table = nn.Embedding(codes, dim)
        self.table.weight.data.uniform_(-0.5, 0.5)
        self.beta = beta

    def forward(self, z):
        distance = z.pow(2).sum(1, keepdim=True) - 2 * z @ self.table.weight.t() + self.table.weight.pow(2).sum(1)
        index = distance.argmin(1)
        q = self.table(index)
        loss = F.mse_loss(q, z.detach()) + self.beta * F.mse_loss(z, q.detach())
        return z + (q - z).detach(), loss, index.unique().numel()


if __name__ == "__main__":
    torch.manual_seed(0)
    centres = torch.randn(8, 6)
    enc, dec, vq = nn.Linear(6, 4), nn.Linear(4, 6), VectorQuantizer()
    groups = [{"params": [*enc.parameters(), *dec.parameters()]}, {"params": vq.parameters(), "lr": 5e-2}]
    opt = torch.optim.Adam(groups, lr=1e-2)
    for step in range(60):
        x = centres[torch.randint(0, 8, (64,))] + 0.1 * torch.randn(64, 6)
        q, vq_loss, used = vq(enc(x))
        loss = F.mse_loss(dec(q), x) + vq_loss
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 10 == 0:
            print(f"{step} loss {loss.item():.3f} codes used {used}")
