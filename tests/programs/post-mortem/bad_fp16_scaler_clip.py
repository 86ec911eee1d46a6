"""Audio autoencoder moved to half precision at construction; GradScaler and clipping as in the AMP recipe."""

import torch
import torch.nn as nn


class AudioAE(nn.Module):
    def __init__(self, dim=32, code=6, dtype=None):
        super().__init__()
        self.enc = nn.Linear(dim, code, dtype=dtype)
        self.dec = nn.Linear(code, dim, dtype=dtype)

    def forward(self, x):
        return self.dec(torch.tanh(self.enc(x)))


class Runner:
    def __init__(self, precision="fp16"):
        self.dtype = {"fp16": torch.float16, "bf16": torch.bfloat16, "fp32": torch.float32}[precision]
        self.model = AudioAE(dtype=self.dtype)  # expect: half-precision-master
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=0.1)
        self.scaler = torch.amp.GradScaler("cpu", enabled=precision == "fp16", init_scale=512.0)

    def step(self, x):
        loss = (self.model(x.to(self.dtype)).float() - x).pow(2).mean()
        self.scaler.scale(loss).backward()
        self.scaler.unscale_(self.optimizer)  # accept: half-precision-master
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.optimizer.zero_grad()
        return loss.item()


def main():
    torch.manual_seed(0)
    runner = Runner(precision="fp16")  # accept: half-precision-master
    t = torch.arange(32) * 0.2
    for step in range(20):
        wave = torch.sin((1 + torch.rand(16, 1)) * t + 6.28 * torch.rand(16, 1))
        print(f"step {step} loss {runner.step(wave):.4f}")


if __name__ == "__main__":
    main()
