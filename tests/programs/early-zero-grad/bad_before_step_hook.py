"""A trainer with callbacks: one logs the gradient's norm, one keeps things tidy."""

import torch
import torch.nn.functional as F
from torch import nn


class Callback:
    def on_backward_end(self, trainer):
        pass


class GradNorm(Callback):
    def on_backward_end(self, trainer):
        norms = [p.grad.norm() for p in trainer.model.parameters() if p.grad is not None]
        trainer.logs["grad_norm"] = torch.stack(norms).norm().item()


class Housekeeping(Callback):
    def on_backward_end(self, trainer):
        for p in trainer.model.parameters():
            p.grad = None  # expect: early-zero-grad
        trainer.logs["params"] = sum(p.numel() for p in trainer.model.parameters())


class Trainer:
    def __init__(self, model, callbacks):
        self.model, self.callbacks, self.logs = model, callbacks, {}
        self.optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)

    def fit(self, batches):
        for step, (x, y) in enumerate(batches):
            loss = F.mse_loss(self.model(x).squeeze(1), y)
            loss.backward()
            for callback in self.callbacks:
                callback.on_backward_end(self)  # accept: early-zero-grad
            self.optimizer.step()  # accept: early-zero-grad
            if step % 10 == 0:
                print(step, round(loss.item(), 4), {k: round(v, 3) for k, v in self.logs.items()})


if __name__ == "__main__":
    torch.manual_seed(0)
    w = torch.randn(6)
    data = [(x, (x @ w).tanh()) for x in torch.randn(40, 32, 6)]
    Trainer(nn.Sequential(nn.Linear(6, 24), nn.Mish(), nn.Linear(24, 1)), [GradNorm(), Housekeeping()]).fit(data)
