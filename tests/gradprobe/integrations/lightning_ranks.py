"""Two ranks that Lightning starts by itself; the words after the script are its own: with `detached`, the first layer is cut off."""

import sys
from pathlib import Path

import lightning.pytorch as pl
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Net(pl.LightningModule):
    def __init__(self):
        super().__init__()
        self.up, self.down = nn.Linear(4, 16), nn.Linear(16, 1)

    def training_step(self, batch, batch_idx):
        x, y = batch
        hidden = F.relu(self.up(x))
        if "detached" in sys.argv:
            hidden = hidden.detach()
        loss = F.mse_loss(self.down(hidden), y)
        self.log("train_loss", loss)
        return loss

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.05)


if __name__ == "__main__":
    pl.seed_everything(0, verbose=False)
    x = torch.randn(64, 4)
    trainer = pl.Trainer(
        max_epochs=1,
        accelerator="cpu",
        devices=2,
        strategy="ddp",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(Net(), DataLoader(TensorDataset(x, x.sum(1, keepdim=True)), batch_size=8))
    Path(f"words-{trainer.global_rank}").write_text(" ".join(sys.argv[1:]))
