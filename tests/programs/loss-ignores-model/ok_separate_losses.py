"""Main model and a calibration module of its own: the second loss sees the first model's detached logits."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class Temperature(nn.Module):
    def __init__(self):
        super().__init__()
        self.log_t = nn.Parameter(torch.tensor(0.5))

    def forward(self, logits):
        return logits / self.log_t.exp()


def main():
    torch.manual_seed(0)
    w = torch.randn(8, 4)
    model, temperature = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 4)), Temperature()
    opt_model = torch.optim.Adam(model.parameters(), lr=5e-3)
    opt_t = torch.optim.SGD(temperature.parameters(), lr=0.05)
    for step in range(60):
        x = torch.randn(64, 8)
        y = (x @ w + torch.randn(64, 4)).argmax(1)
        logits = model(x)
        loss = F.cross_entropy(logits, y)
        opt_model.zero_grad()
        loss.backward()
        opt_model.step()

        calibration = F.cross_entropy(temperature(logits.detach()), y)
        opt_t.zero_grad()
        calibration.backward()
        opt_t.step()
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.4f} calibrated {calibration.item():.4f}")


if __name__ == "__main__":
    main()
