"""Set transformer whose attention ignores padded elements."""

import torch
import torch.nn.functional as F
from torch import nn


class SetAttention(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.qkv = nn.Linear(dim, 3 * dim)
        self.out = nn.Linear(dim, dim)

    def forward(self, x, padding):
        q, k, v = self.qkv(x).chunk(3, dim=-1)
        attention = torch.softmax(q @ k.transpose(1, 2) / q.size(-1) ** 0.5, dim=-1)
        attention.masked_fill_(padding[:, None, :], 0.0)  # expect: in-place-write
        return x + self.out(attention @ v)


class SetClassifier(nn.Module):
    def __init__(self, features=3, dim=16):
        super().__init__()
        self.embed = nn.Linear(features, dim)
        self.attend = nn.ModuleList(SetAttention(dim) for _ in range(2))
        self.head = nn.Linear(dim, 2)

    def forward(self, x, padding):
        x = self.embed(x)
        for layer in self.attend:
            x = layer(x, padding)
        keep = (~padding).unsqueeze(-1).float()
        return self.head((x * keep).sum(1) / keep.sum(1))


def sets(n, gen, size=7):
    length = torch.randint(2, size + 1, (n,), generator=gen)
    padding = torch.arange(size)[None, :] >= length[:, None]
    x = torch.randn(n, size, 3, generator=gen).masked_fill(padding.unsqueeze(-1), 0.0)
    return x, padding, (x[..., 0].sum(1) > 0).long()


if __name__ == "__main__":
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    model = SetClassifier()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for step in range(30):
        x, padding, y = sets(32, gen)
        loss = F.cross_entropy(model(x, padding), y)
        optimizer.zero_grad()
        loss.backward()  # accept: in-place-write
        optimizer.step()
        print(f"step {step} loss {loss.item():.4f}")
