"""A projection that is made in the first training step, when `configure_optimizers` has been called already."""

# uses: lightning.pytorch
import lightning as L
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset


class TwoTower(L.LightningModule):
    def __init__(self):
        super().__init__()
        self.left = nn.Linear(6, 8)
        self.right = nn.Linear(4, 8)
        self.project = None

    def training_step(self, batch, batch_idx):
        a, b = batch
        both = torch.cat([self.left(a), self.right(b)], dim=1)
        if self.project is None:
            self.project = nn.Linear(both.shape[1], 8)  # expect: parameter-not-optimized
        z = F.normalize(self.project(torch.relu(both)), dim=1)
        loss = F.cross_entropy(z @ z.T * 5, torch.arange(len(z)))
        self.log("contrastive", loss)
        return loss

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=1e-3)  # accept: parameter-not-optimized


if __name__ == "__main__":
    L.seed_everything(0, verbose=False)
    loader = DataLoader(TensorDataset(torch.randn(48, 6), torch.randn(48, 4)), batch_size=8)
    trainer = L.Trainer(
        max_epochs=2, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False
    )
    trainer.fit(TwoTower(), loader)
