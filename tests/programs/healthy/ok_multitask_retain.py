"""Two losses share a trunk; separate backward calls need the graph once more, uncertainty weights are learned."""

import torch
import torch.nn as nn
import torch.nn.functional as F

if __name__ == "__main__":
    torch.manual_seed(0)
    trunk = nn.Sequential(nn.Linear(6, 32), nn.ReLU())
    cls, reg = nn.Linear(32, 3), nn.Linear(32, 1)
    log_var = nn.Parameter(torch.zeros(2))
    params = [*trunk.parameters(), *cls.parameters(), *reg.parameters(), log_var]
    opt = torch.optim.Adam(params, lr=5e-3)
    for step in range(50):
        x = torch.randn(64, 6)
        h = trunk(x)
        loss_cls = F.cross_entropy(cls(h), x[:, :3].argmax(1)) * torch.exp(-log_var[0]) + 0.5 * log_var[0]
        loss_reg = F.mse_loss(reg(h).squeeze(1), x[:, 4]) * torch.exp(-log_var[1]) + 0.5 * log_var[1]
        opt.zero_grad()
        loss_cls.backward(retain_graph=True)
        shared = trunk[0].weight.grad.norm().item()
        loss_reg.backward()
        opt.step()
        if step % 10 == 0:
            print(f"{step} cls {loss_cls.item():.3f} reg {loss_reg.item():.3f} shared {shared:.3f}")
