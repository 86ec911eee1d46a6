"""A loop ported to Fabric that lost its `zero_grad()` on the way."""

# uses: lightning.fabric
import torch
import torch.nn as nn
import torch.nn.functional as F
from lightning.fabric import Fabric

fabric = Fabric(accelerator="cpu", devices=1)
fabric.seed_everything(0, verbose=False)
model = nn.Sequential(nn.Linear(5, 32), nn.GELU(), nn.Linear(32, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=1e-2)
model, optimizer = fabric.setup(model, optimizer)
x = torch.randn(64, 5)
y = x[:, :1] * x[:, 1:2]
for step in range(16):
    picked = torch.randint(0, 64, (8,))
    loss = F.mse_loss(model(x[picked]), y[picked])
    fabric.backward(loss)  # accept: missing-zero-grad
    optimizer.step()  # expect: missing-zero-grad
    fabric.log("loss", loss, step=step)
