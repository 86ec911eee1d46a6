"""Gradients are cleared by hand in three ways, one for each part of the model."""

import torch
import torch.nn.functional as F
from torch import nn


def main():
    torch.manual_seed(0)
    emb, body, head = nn.Embedding(12, 8), nn.Linear(24, 32), nn.Linear(32, 12)
    opt_emb = torch.optim.Adagrad(emb.parameters(), lr=0.1)
    opt_rest = torch.optim.SGD([*body.parameters(), *head.parameters()], lr=0.1, momentum=0.9)
    for step in range(40):
        start = torch.randint(0, 12, (32, 1))
        ids = (start + torch.arange(4) * 2) % 12
        loss = F.cross_entropy(head(torch.tanh(body(emb(ids[:, :3]).flatten(1)))), ids[:, 3])
        loss.backward()
        opt_emb.step()
        opt_rest.step()
        for p in emb.parameters():
            p.grad = None
        torch._foreach_zero_([p.grad for p in body.parameters()])
        for p in head.parameters():
            p.grad.detach_().zero_()
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.3f}")


if __name__ == "__main__":
    main()
