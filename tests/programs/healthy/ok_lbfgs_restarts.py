"""A fit by Adam first, then by LBFGS without a line search, its closure called many times a step, on batches that change."""

import torch
import torch.nn as nn

if __name__ == "__main__":
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 12), nn.Tanh(), nn.Linear(12, 1))
    adam = torch.optim.Adam(model.parameters(), lr=1e-2)
    lbfgs = torch.optim.LBFGS(model.parameters(), lr=0.2, max_iter=6, history_size=5)
    for step in range(16):
        x = torch.randn(64, 2)
        y = (x[:, 0] * x[:, 1])[:, None]

        def closure(optimizer=adam if step < 8 else lbfgs, x=x, y=y):
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(model(x), y)
            loss.backward()
            return loss

        loss = (adam if step < 8 else lbfgs).step(closure)
        print(step, loss.item())
