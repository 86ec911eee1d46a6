"""The model is built anew, wider, before it is set up: the optimizer keeps the parameters of the first one."""

# uses: lightning.fabric
import torch
import torch.nn as nn
import torch.nn.functional as F
from lightning.fabric import Fabric


fabric = Fabric(accelerator="cpu", devices=1)
fabric.seed_everything(0, verbose=False)
model = nn.Sequential(nn.Linear(5, 8), nn.GELU(), nn.Linear(8, 1))
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)  # accept: parameter-not-optimized, stale-parameter
model = fabric.setup_module(nn.Sequential(nn.Linear(5, 32), nn.GELU(), nn.Linear(32, 1)))  # expect: stale-parameter
optimizer = fabric.setup_optimizers(optimizer)
x = torch.randn(64, 5)
y = x[:, :1] * x[:, 1:2]
for step in range(12):
    optimizer.zero_grad()
    loss = F.mse_loss(model(x), y)
    fabric.backward(loss)
    optimizer.step()
    fabric.log("loss", loss, step=step)
