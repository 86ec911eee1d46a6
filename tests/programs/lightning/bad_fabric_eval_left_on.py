"""A validation of one's own under Fabric that comes back early and leaves the model in evaluation mode."""

# uses: lightning.fabric
import torch
import torch.nn as nn
import torch.nn.functional as F
from lightning.fabric import Fabric

fabric = Fabric(accelerator="cpu", devices=1)
fabric.seed_everything(0, verbose=False)
model = nn.Sequential(nn.Linear(5, 32), nn.BatchNorm1d(32), nn.GELU(), nn.Dropout(0.2), nn.Linear(32, 1))
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
model, optimizer = fabric.setup(model, optimizer)
best = float("inf")


def validate(x, y):
    global best
    model.eval()  # expect: eval-left-on
    with torch.inference_mode():
        loss = F.mse_loss(model(x), y).item()
    fabric.log("val_loss", loss)
    if loss < best:
        best = loss
        return
    model.train()  # accept: eval-left-on


x = torch.randn(96, 5)
y = x[:, :1] * x[:, 1:2]
for step in range(16):
    picked = torch.randint(0, 64, (8,))
    optimizer.zero_grad()
    loss = F.mse_loss(model(x[picked]), y[picked])
    fabric.backward(loss)
    optimizer.step()
    fabric.log("loss", loss)
    if step % 4 == 1:
        validate(x[64:], y[64:])
