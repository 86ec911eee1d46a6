"""A compiled step function through AOT autograd."""
# uses: torch._dynamo

import torch
import torch.nn as nn

if __name__ == "__main__":
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, 1))
    opt = torch.optim.SGD(model.parameters(), lr=0.1)

    @torch.compile(backend="aot_eager")
    def compute_loss(x, y):
        return (model(x).squeeze(1) - y).pow(2).mean()

    for step in range(40):
        x = torch.randn(32, 4)
        loss = compute_loss(x, x[:, 0] - x[:, 1])
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 10 == 0:
            print(step, round(loss.item(), 4))
