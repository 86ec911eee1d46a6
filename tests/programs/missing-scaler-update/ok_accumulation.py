"""Scaler, four micro-batches an update; without AMP the same code steps the optimizer directly."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class Trainer:
    def __init__(self, model, amp, every=4):
        self.model, self.amp, self.every = model, amp, every
        self.optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
        self.scaler = torch.amp.GradScaler("cpu") if amp else None

    def micro(self, x, y):
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.amp):
            loss = F.cross_entropy(self.model(x).float(), y)
        part = loss / self.every
        (self.scaler.scale(part) if self.scaler else part).backward()
        return loss.item()

    def step(self):
        if self.scaler is None:
            self.optimizer.step()
        else:
            self.scaler.step(self.optimizer)
            self.scaler.update()
        self.optimizer.zero_grad()


def run(amp):
    torch.manual_seed(0)
    w = torch.randn(8, 3)
    model = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 3))
    trainer = Trainer(model, amp)
    for i in range(80):
        x = torch.randn(16, 8)
        loss = trainer.micro(x, (x @ w).argmax(1))
        if i % 4 == 3:
            trainer.step()
    print(f"amp {amp} loss {loss:.4f}")


if __name__ == "__main__":
    run(amp=False)
    run(amp=True)
