"""A closure that is evaluated many times in a step, a learning rate that is looked for first, and float16 under a gradient scaler."""

# uses: lightning.pytorch
import lightning as L
import torch
import torch.nn as nn
import torch.nn.functional as F
from lightning.pytorch.tuner import Tuner
from torch.utils.data import DataLoader, TensorDataset


class Regressor(L.LightningModule):
    def __init__(self, optimizer, lr):
        super().__init__()
        self.save_hyperparameters()
        self.model = nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, 1))

    def training_step(self, batch, batch_idx):
        x, y = batch
        loss = F.mse_loss(self.model(x), y)
        self.log("train_loss", loss)
        return loss

    def configure_optimizers(self):
        kind = {"lbfgs": torch.optim.LBFGS, "adam": torch.optim.Adam}[self.hparams.optimizer]
        return kind(self.parameters(), lr=self.hparams.lr)


def trainer(**options):
    return L.Trainer(
        max_epochs=2,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        **options,
    )


if __name__ == "__main__":
    L.seed_everything(0, verbose=False)
    x = torch.randn(64, 4)
    loader = DataLoader(TensorDataset(x, x.prod(1, keepdim=True)), batch_size=16)
    trainer().fit(Regressor("lbfgs", 0.5), loader)
    found = trainer()
    model = Regressor("adam", 1e-3)
    Tuner(found).lr_find(model, loader, num_training=12, early_stop_threshold=None, update_attr=False)
    model.hparams.lr = 5e-3
    found.fit(model, loader)
    trainer(precision="16-mixed", gradient_clip_val=0.5).fit(Regressor("adam", 5e-3), loader)
