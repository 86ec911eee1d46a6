"""A callback samples predictions in evaluation mode every few batches, and never goes back."""

# uses: lightning.pytorch
import lightning as L
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset


class Preview(L.Callback):
    def __init__(self, x):
        self.x = x

    def on_train_batch_end(self, trainer, module, outputs, batch, batch_idx):
        if batch_idx % 4 == 1:
            module.eval()  # expect: eval-left-on
            with torch.no_grad():
                self.last = module(self.x).argmax(1)


class Classifier(L.LightningModule):
    def __init__(self):
        super().__init__()
        self.model = nn.Sequential(nn.Linear(6, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Dropout(0.2), nn.Linear(32, 2))

    def forward(self, x):
        return self.model(x)

    def training_step(self, batch, batch_idx):
        x, y = batch
        loss = F.cross_entropy(self(x), y)
        self.log("train_loss", loss)
        return loss

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=1e-3)


if __name__ == "__main__":
    L.seed_everything(0, verbose=False)
    x = torch.randn(96, 6)
    y = (x[:, 0] * x[:, 1] > 0).long()
    trainer = L.Trainer(
        max_epochs=1,
        accelerator="cpu",
        callbacks=[Preview(x[:4])],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
    )
    trainer.fit(Classifier(), DataLoader(TensorDataset(x, y), batch_size=8))
