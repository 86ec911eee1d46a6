"""Warm-up and cosine chained by SequentialLR, stepped with every accumulated update; a second optimizer has its own."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.optim.lr_scheduler import CosineAnnealingLR, ExponentialLR, LambdaLR, SequentialLR


def main(updates=30, accum=2):
    torch.manual_seed(0)
    emb, mlp = nn.Embedding(20, 8), nn.Sequential(nn.Linear(16, 32), nn.GELU(), nn.Linear(32, 20))
    opt_e = torch.optim.Adagrad(emb.parameters(), lr=0.1)
    opt_m = torch.optim.AdamW(mlp.parameters(), lr=1e-2)
    warm = LambdaLR(opt_m, lambda s: (s + 1) / 6)
    main_schedule = SequentialLR(opt_m, [warm, CosineAnnealingLR(opt_m, updates - 5, eta_min=1e-4)], milestones=[5])
    side_schedule = ExponentialLR(opt_e, 0.98)
    for update in range(updates):
        total = 0.0
        for _ in range(accum):
            a, b = torch.randint(0, 20, (2, 48))
            logits = mlp(torch.cat([emb(a), emb(b)], 1))
            loss = F.cross_entropy(logits, torch.maximum(a, b)) / accum
            loss.backward()
            total += loss.item()
        for opt in (opt_e, opt_m):
            opt.step()
            opt.zero_grad()
        main_schedule.step()
        side_schedule.step()
        if update % 6 == 0:
            print(f"update {update} loss {total:.3f} lr {opt_m.param_groups[0]['lr']:.2e}")


if __name__ == "__main__":
    main()
