"""torch.ao's eager quantisation-aware training: fused, prepared, trained; observers frozen near the end."""

import warnings

import torch
import torch.nn as nn
from torch.ao.quantization import (
    DeQuantStub,
    QuantStub,
    disable_observer,
    fuse_modules_qat,
    get_default_qat_qconfig,
    prepare_qat,
)

warnings.filterwarnings("ignore")


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.quant, self.dequant = QuantStub(), DeQuantStub()
        self.conv, self.bn, self.relu = nn.Conv1d(1, 6, 3, padding=1), nn.BatchNorm1d(6), nn.ReLU()
        self.head = nn.Linear(6, 2)

    def forward(self, x):
        x = self.relu(self.bn(self.conv(self.quant(x)))).mean(-1)
        return self.dequant(self.head(x))


if __name__ == "__main__":
    torch.manual_seed(0)
    torch.backends.quantized.engine = torch.backends.quantized.supported_engines[-1]
    model = Net().train()
    model.qconfig = get_default_qat_qconfig("x86")
    fuse_modules_qat(model, [["conv", "bn", "relu"]], inplace=True)
    prepare_qat(model, inplace=True)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    for step in range(20):
        y = torch.randint(0, 2, (32,))
        x = torch.sin(torch.linspace(0, 6.28, 16) * (y + 1)[:, None] * 2)[:, None] + 0.1 * torch.randn(32, 1, 16)
        loss = nn.functional.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step == 14:
            model.apply(disable_observer)
        if step % 5 == 0:
            print(step, loss.item())
