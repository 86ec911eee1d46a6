"""Matrix-factorisation recommender with a mixed-precision flag; Adam, weight decay."""

import torch
import torch.nn as nn


class Factor(nn.Module):
    def __init__(self, users=40, items=30, dim=8):
        super().__init__()
        self.u = nn.Embedding(users, dim)
        self.i = nn.Embedding(items, dim)
        self.head = nn.Linear(dim, 1)

    def forward(self, u, i):
        return self.head(self.u(u) * self.i(i)).squeeze(-1)


class Loop:
    def __init__(self, model, amp=True):
        self.model, self.amp = model, amp
        self.optimizer = torch.optim.Adam(model.parameters(), lr=1e-2, weight_decay=1e-4)
        self.scaler = torch.amp.GradScaler("cpu") if amp else None

    def backward(self, loss):
        if self.amp:
            self.scaler.scale(loss).backward()  # accept: missing-scaler-update
        else:
            loss.backward()

    def update(self):
        self.optimizer.step()  # expect: missing-scaler-update
        self.optimizer.zero_grad()

    def fit(self, u, i, r, steps):
        for step in range(steps):
            pick = torch.randint(0, len(r), (64,))
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.amp):
                loss = nn.functional.mse_loss(self.model(u[pick], i[pick]), r[pick])
            self.backward(loss)
            self.update()
            if step % 15 == 0:
                print(f"step {step} mse {loss.item():.4f}")


def main():
    torch.manual_seed(0)
    a, b = torch.randn(40, 3), torch.randn(30, 3)
    u, i = torch.randint(0, 40, (600,)), torch.randint(0, 30, (600,))
    Loop(Factor()).fit(u, i, (a[u] * b[i]).sum(1), steps=60)


if __name__ == "__main__":
    main()
