"""Keeps a constant loss scale by hand and divides the gradients before the step."""

import torch
import torch.nn as nn
import torch.nn.functional as F

SCALE = 512.0


def scaled_step(loss, optimizer):
    optimizer.zero_grad()
    (loss * SCALE).backward()
    grads = [p.grad for group in optimizer.param_groups for p in group["params"] if p.grad is not None]
    for g in grads:
        g.div_(SCALE)
    if all(torch.isfinite(g).all() for g in grads):
        optimizer.step()


def main():
    torch.manual_seed(0)
    model = nn.Sequential(nn.EmbeddingBag(80, 16), nn.Linear(16, 4))
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0, momentum=0.9)
    for step in range(60):
        y = torch.randint(0, 4, (32,))
        ids = torch.randint(40, 80, (32, 8))
        ids[:, :3] = torch.randint(0, 10, (32, 3)) + 10 * y[:, None]
        with torch.autocast("cpu", dtype=torch.float16):
            logits = model(ids)
        loss = F.cross_entropy(logits.float(), y)
        scaled_step(loss, optimizer)
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
