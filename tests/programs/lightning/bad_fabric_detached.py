"""The logged copy of the loss is what is backpropagated."""

# uses: lightning.fabric
import torch
import torch.nn as nn
import torch.nn.functional as F
from lightning.fabric import Fabric

fabric = Fabric(accelerator="cpu", devices=1)
fabric.seed_everything(0, verbose=False)
model, optimizer = nn.Sequential(nn.Linear(5, 32), nn.GELU(), nn.Linear(32, 1)), None
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
model, optimizer = fabric.setup(model, optimizer)


def losses(x, y):
    loss = F.mse_loss(model(x), y)
    return {"loss": loss.detach(), "scale": y.abs().mean()}  # expect: loss-without-graph


x = torch.randn(64, 5)
y = x[:, :1] * x[:, 1:2]
for step in range(4):
    optimizer.zero_grad()
    out = losses(x, y)
    fabric.backward(out["loss"])
    optimizer.step()
    fabric.log_dict(out, step=step)
