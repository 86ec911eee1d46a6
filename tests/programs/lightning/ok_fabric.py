"""A loop of one's own under Fabric: accumulation, clipping, validation in inference mode, metrics logged by `fabric.log`."""

# uses: lightning.fabric
import torch
import torch.nn as nn
import torch.nn.functional as F
from lightning.fabric import Fabric
from torch.utils.data import DataLoader, TensorDataset


def validate(fabric, model, loader):
    model.eval()
    losses = []
    with torch.inference_mode():
        for x, y in loader:
            losses.append(F.mse_loss(model(x), y))
    model.train()
    fabric.log("val_loss", torch.stack(losses).mean())


def main():
    fabric = Fabric(accelerator="cpu", devices=1, precision="bf16-mixed")
    fabric.launch()
    fabric.seed_everything(0, verbose=False)
    model = nn.Sequential(nn.Linear(5, 32), nn.GELU(), nn.Dropout(0.1), nn.Linear(32, 1))
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    model, optimizer = fabric.setup(model, optimizer)
    x = torch.randn(80, 5)
    data = TensorDataset(x, x[:, :1] * x[:, 1:2])
    loader, valid = fabric.setup_dataloaders(
        DataLoader(data, batch_size=8, shuffle=True), DataLoader(data, batch_size=40)
    )
    for epoch in range(2):
        for number, (x, y) in enumerate(loader):
            is_accumulating = number % 2 != 1
            with fabric.no_backward_sync(model, enabled=is_accumulating):
                loss = F.mse_loss(model(x), y)
                fabric.backward(loss / 2)
            if not is_accumulating:
                fabric.clip_gradients(model, optimizer, max_norm=1.0)
                optimizer.step()
                optimizer.zero_grad()
                fabric.log_dict({"train_loss": loss, "epoch": epoch})
        validate(fabric, model, valid)


if __name__ == "__main__":
    main()
