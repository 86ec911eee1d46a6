"""Calibrate oscillators: the absolute frequency of each channel in hertz is fitted to measured beat notes."""

import torch
from torch import nn

CARRIER = 2.4e9


class Bank(nn.Module):
    def __init__(self, channels=6):
        super().__init__()
        self.hz = nn.Parameter(torch.full((channels,), CARRIER))  # expect: update-lost-to-rounding
        self.gain = nn.Parameter(torch.ones(channels))

    def forward(self, reference):
        return self.gain * torch.tanh((self.hz - reference) / 1e3)


def main():
    torch.manual_seed(0)
    bank = Bank()
    optimizer = torch.optim.Adam(bank.parameters(), lr=0.05)  # accept: update-lost-to-rounding
    offset = torch.randn(6) * 300
    for step in range(50):
        reference = CARRIER + torch.randint(-4, 4, (32, 1)) * 256.0
        measured = torch.tanh((offset + CARRIER - reference) / 1e3)
        loss = (bank(reference) - measured).pow(2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
