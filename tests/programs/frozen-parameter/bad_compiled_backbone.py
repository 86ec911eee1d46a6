"""A compiled model whose blocks are frozen for a warm-up of the head; what is to thaw them sets an attribute of the module."""
# uses: torch._dynamo

import torch
import torch.nn as nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleList(nn.Sequential(nn.Linear(8, 8), nn.GELU()) for _ in range(3))
        self.head = nn.Linear(8, 2)

    def forward(self, x):
        for block in self.blocks:
            x = x + block(x)
        return self.head(x)


if __name__ == "__main__":
    torch.manual_seed(0)
    model = Net()
    fast = torch.compile(model, backend="aot_eager")
    for p in model.blocks.parameters():
        p.requires_grad_(False)  # accept: frozen-parameter
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for step in range(10):
        if step == 4:
            model.blocks.requires_grad = True  # expect: frozen-parameter
        x = torch.randn(16, 8)
        loss = nn.functional.cross_entropy(fast(x), (x[:, 0] > 0).long())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        print(step, loss.item())
