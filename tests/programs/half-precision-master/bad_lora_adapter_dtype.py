"""LoRA fine-tuning of a base model that was saved in fp16, with a gradient scaler."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class LoRALinear(nn.Module):
    def __init__(self, base, rank=4):
        super().__init__()
        self.base = base.requires_grad_(False)
        kind = base.weight.dtype
        self.a = nn.Parameter(torch.randn(rank, base.in_features, dtype=kind) * 0.1)  # expect: half-precision-master
        self.b = nn.Parameter(torch.zeros(base.out_features, rank, dtype=kind))  # accept: half-precision-master

    def forward(self, x):
        return self.base(x) + x @ self.a.T @ self.b.T


class Base(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(16, 32)
        self.fc2 = nn.Linear(32, 4)

    def forward(self, x):
        return self.fc2(F.gelu(self.fc1(x)))


def load_base():
    torch.manual_seed(11)
    state = {k: v.half() for k, v in Base().state_dict().items()}
    model = Base().to(torch.float16)  # accept: half-precision-master
    model.load_state_dict(state)
    return model


def main():
    model = load_base()
    model.fc1 = LoRALinear(model.fc1)
    model.fc2 = LoRALinear(model.fc2)
    trainable = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trainable, lr=1e-2)
    scaler = torch.amp.GradScaler("cpu")
    w = torch.randn(16, 4)
    for step in range(20):
        x = torch.randn(32, 16)
        with torch.autocast("cpu", dtype=torch.float16):
            loss = F.cross_entropy(model(x).float(), (x @ w).argmax(1))
        optimizer.zero_grad()
        scaler.scale(loss).backward()
        scaler.step(optimizer)  # accept: half-precision-master
        scaler.update()
        print(f"step {step} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
