"""bfloat16 autocast with accumulation, a cosine schedule with restarts and clipping; no scaler is needed."""

import torch
import torch.nn as nn
import torch.nn.functional as F

if __name__ == "__main__":
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(8, 64), nn.GELU(), nn.LayerNorm(64), nn.Linear(64, 4))
    opt = torch.optim.AdamW(model.parameters(), lr=1e-2)
    schedule = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(opt, T_0=10)
    for i in range(60):
        x = torch.randn(32, 8)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = F.cross_entropy(model(x), x[:, :4].argmax(1)) / 2
        loss.backward()
        if i % 2 == 1:
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            opt.step()
            opt.zero_grad()
            schedule.step()
        if i % 20 == 0:
            print(i, round(2 * loss.item(), 3))
