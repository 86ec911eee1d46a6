"""One trunk is in two optimizers; a third optimizer for a late fine-tuning stage is built but never stepped."""

import torch
import torch.nn as nn
import torch.nn.functional as F

if __name__ == "__main__":
    torch.manual_seed(0)
    trunk = nn.Sequential(nn.Linear(6, 32), nn.ReLU())
    classify, rebuild = nn.Linear(32, 3), nn.Linear(32, 6)
    opt_cls = torch.optim.Adam([*trunk.parameters(), *classify.parameters()], lr=5e-3)
    opt_rec = torch.optim.SGD([*trunk.parameters(), *rebuild.parameters()], lr=0.05)
    opt_late = torch.optim.SGD(classify.parameters(), lr=1e-3)
    finetune_after = 1000
    for step in range(50):
        x = torch.randn(64, 6)
        loss_rec = F.mse_loss(rebuild(trunk(x)), x)
        opt_rec.zero_grad()
        loss_rec.backward()
        opt_rec.step()
        loss_cls = F.cross_entropy(classify(trunk(x)), x[:, :3].argmax(1))
        opt_cls.zero_grad()
        loss_cls.backward()
        opt_cls.step()
        if step > finetune_after:
            opt_late.step()
        if step % 10 == 0:
            print(f"{step} rebuild {loss_rec.item():.3f} classify {loss_cls.item():.3f}")
