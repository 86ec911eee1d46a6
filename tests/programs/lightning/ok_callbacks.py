"""What Lightning's own callbacks do to a training: a backbone that thaws, accumulation on a schedule, averaged weights, and a second fit."""

# uses: lightning.pytorch
import lightning as L
import torch
import torch.nn as nn
import torch.nn.functional as F
from lightning.pytorch.callbacks import (
    BackboneFinetuning,
    GradientAccumulationScheduler,
    ModelCheckpoint,
    StochasticWeightAveraging,
)
from torch.utils.data import DataLoader, TensorDataset


class Transferred(L.LightningModule):
    def __init__(self):
        super().__init__()
        self.backbone = nn.Sequential(nn.Linear(6, 16), nn.BatchNorm1d(16), nn.ReLU())
        self.head = nn.Linear(16, 2)

    def training_step(self, batch, batch_idx):
        x, y = batch
        loss = F.cross_entropy(self.head(self.backbone(x)), y)
        self.log("train_loss", loss, on_step=False, on_epoch=True)
        return loss

    def validation_step(self, batch, batch_idx):
        x, y = batch
        self.log("val_loss", F.cross_entropy(self.head(self.backbone(x)), y))

    def test_step(self, batch, batch_idx):
        x, y = batch
        self.log("test_accuracy", (self.head(self.backbone(x)).argmax(1) == y).float().mean())

    def configure_optimizers(self):
        return torch.optim.SGD([one for one in self.parameters() if one.requires_grad], lr=0.05, momentum=0.9)


def trainer(*callbacks, epochs=4):
    return L.Trainer(
        max_epochs=epochs,
        accelerator="cpu",
        callbacks=[ModelCheckpoint("kept", monitor="val_loss"), *callbacks],
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )


if __name__ == "__main__":
    L.seed_everything(0, verbose=False)
    x = torch.randn(64, 6)
    data = TensorDataset(x, (x[:, 0] * x[:, 1] > 0).long())
    loaders = DataLoader(data, batch_size=8, shuffle=True), DataLoader(data, batch_size=32)

    thawing = trainer(BackboneFinetuning(unfreeze_backbone_at_epoch=2), GradientAccumulationScheduler({2: 2}))
    thawing.fit(Transferred(), *loaders)

    averaging = trainer(StochasticWeightAveraging(swa_lrs=1e-2, swa_epoch_start=2), epochs=3)
    model = Transferred()
    averaging.fit(model, *loaders)
    averaging.test(model, loaders[1], verbose=False)
    again = Transferred.load_from_checkpoint(averaging.checkpoint_callback.best_model_path)
    trainer(epochs=2).fit(again, *loaders)
