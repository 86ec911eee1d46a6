"""Time-series model warmed up before training; the warm-up draws example inputs of each length."""

from contextlib import ExitStack

import torch
import torch.nn as nn


class Runner:
    def __init__(self, model):
        self.model = model
        self.stack = ExitStack()
        self.optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)

    def warm_up(self, lengths):
        self.stack.enter_context(torch.inference_mode())  # expect: grad-mode-leak
        for length in lengths:
            self.model(torch.zeros(2, length, 1))

    def fit(self, steps, gen):
        for step in range(steps):
            t = torch.arange(17.0) * 0.5 + 6.28 * torch.rand(16, 1, generator=gen)
            wave = torch.sin(t)[..., None]
            loss = nn.functional.mse_loss(self.model(wave[:, :-1]), wave[:, 1:])
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            if step % 10 == 0:
                print(step, loss.item())

    def close(self):
        self.stack.close()


class Forecast(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru, self.out = nn.GRU(1, 16, batch_first=True), nn.Linear(16, 1)

    def forward(self, x):
        return self.out(self.gru(x)[0])


if __name__ == "__main__":
    torch.manual_seed(0)
    runner = Runner(Forecast())
    runner.warm_up([8, 16])
    runner.fit(30, torch.Generator().manual_seed(0))
    runner.close()
