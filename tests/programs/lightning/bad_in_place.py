"""The sigmoid's result is masked in place before the backward needs it."""

# uses: lightning.pytorch
import lightning as L
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


class Gate(L.LightningModule):
    def __init__(self):
        super().__init__()
        self.gate = nn.Linear(6, 6)
        self.value = nn.Linear(6, 1)

    def forward(self, x):
        gate = torch.sigmoid(self.gate(x))
        gate[x < 0] = 0.0  # expect: in-place-write
        return self.value(gate * x)

    def training_step(self, batch, batch_idx):
        x, y = batch
        loss = (self(x) - y).pow(2).mean()
        self.log("train_loss", loss)
        return loss

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=1e-3)


if __name__ == "__main__":
    L.seed_everything(0, verbose=False)
    x = torch.randn(64, 6)
    trainer = L.Trainer(
        max_epochs=1, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False
    )
    trainer.fit(Gate(), DataLoader(TensorDataset(x, x.clamp(min=0).sum(1, keepdim=True)), batch_size=16))
