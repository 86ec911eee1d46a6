"""fp16 network with hand-kept fp32 master weights and static loss scaling."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class MasterWeights:
    def __init__(self, model, lr, scale=128.0):
        self.working = list(model.parameters())
        self.master = [p.detach().float().clone() for p in self.working]
        self.optimizer = torch.optim.Adam(self.master, lr=lr)
        self.scale = scale

    def backward(self, loss):
        (loss * self.scale).backward()

    def step(self):
        for low, full in zip(self.working, self.master):
            full.grad = low.grad.float() / self.scale
            low.grad = None
        self.optimizer.step()
        with torch.no_grad():
            for low, full in zip(self.working, self.master):
                low.copy_(full)


def main():
    torch.manual_seed(0)
    w = torch.randn(10, 3)
    model = nn.Sequential(nn.Linear(10, 48), nn.ReLU(), nn.Linear(48, 3)).half()
    master = MasterWeights(model, lr=5e-3)
    for step in range(60):
        x = torch.randn(64, 10)
        loss = F.cross_entropy(model(x.half()).float(), (x @ w).argmax(1))
        master.backward(loss)
        master.step()
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
