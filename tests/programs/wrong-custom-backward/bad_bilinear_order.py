"""Link prediction with a custom bilinear score between heads and tails."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class BilinearScore(torch.autograd.Function):
    """score[n] = head[n] @ relation @ tail[n]"""

    @staticmethod
    def forward(ctx, head, tail, relation):
        ctx.save_for_backward(head, tail, relation)
        return ((head @ relation) * tail).sum(-1)

    @staticmethod
    def backward(ctx, grad):
        head, tail, relation = ctx.saved_tensors
        grad = grad.unsqueeze(-1)
        grad_tail = grad * (head @ relation)
        grad_head = grad * (tail @ relation.t())
        grad_relation = (grad * head).t() @ tail
        return grad_tail, grad_head, grad_relation  # expect: wrong-custom-backward


class LinkModel(nn.Module):
    def __init__(self, nodes=40, dim=12):
        super().__init__()
        self.source = nn.Embedding(nodes, dim)
        self.target = nn.Embedding(nodes, dim)
        self.relation = nn.Parameter(torch.randn(dim, dim) / dim**0.5)

    def forward(self, i, j):
        return BilinearScore.apply(self.source(i), self.target(j), self.relation)  # accept: wrong-custom-backward


def edges(n, gen):
    i = torch.randint(0, 40, (n,), generator=gen)
    j = torch.randint(0, 40, (n,), generator=gen)
    return i, j, ((j - i) % 40 < 15).float()


if __name__ == "__main__":
    torch.manual_seed(1)
    gen = torch.Generator().manual_seed(1)
    model = LinkModel()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    for step in range(50):
        i, j, label = edges(128, gen)
        loss = F.binary_cross_entropy_with_logits(model(i, j), label)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            print(f"{step} loss {loss.item():.4f}")
