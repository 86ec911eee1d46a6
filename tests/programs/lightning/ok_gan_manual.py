"""GAN by manual optimization: two optimizers, toggled, two schedulers, gradients clipped by hand, losses logged."""

# uses: lightning.pytorch
import lightning.pytorch as pl
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset


class Gan(pl.LightningModule):
    def __init__(self):
        super().__init__()
        self.automatic_optimization = False
        self.generator = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 2))
        self.discriminator = nn.Sequential(nn.Linear(2, 16), nn.LeakyReLU(0.2), nn.Linear(16, 1))

    def training_step(self, batch, batch_idx):
        (real,) = batch
        optimizer_g, optimizer_d = self.optimizers()
        ones, zeros = torch.ones(len(real), 1), torch.zeros(len(real), 1)

        self.toggle_optimizer(optimizer_g)
        fake = self.generator(torch.randn(len(real), 4))
        loss_g = F.binary_cross_entropy_with_logits(self.discriminator(fake), ones)
        self.manual_backward(loss_g)
        self.clip_gradients(optimizer_g, gradient_clip_val=1.0, gradient_clip_algorithm="norm")
        optimizer_g.step()
        optimizer_g.zero_grad()
        self.untoggle_optimizer(optimizer_g)

        self.toggle_optimizer(optimizer_d)
        loss_real = F.binary_cross_entropy_with_logits(self.discriminator(real), ones)
        loss_fake = F.binary_cross_entropy_with_logits(self.discriminator(fake.detach()), zeros)
        loss_d = (loss_real + loss_fake) / 2
        self.manual_backward(loss_d)
        optimizer_d.step()
        optimizer_d.zero_grad()
        self.untoggle_optimizer(optimizer_d)
        self.log_dict({"g_loss": loss_g, "d_loss": loss_d}, prog_bar=True)

    def on_train_epoch_end(self):
        for scheduler in self.lr_schedulers():
            scheduler.step()

    def configure_optimizers(self):
        optimizer_g = torch.optim.Adam(self.generator.parameters(), lr=2e-3, betas=(0.5, 0.999))
        optimizer_d = torch.optim.Adam(self.discriminator.parameters(), lr=2e-3, betas=(0.5, 0.999))
        schedulers = [torch.optim.lr_scheduler.StepLR(one, 2, 0.5) for one in (optimizer_g, optimizer_d)]
        return [optimizer_g, optimizer_d], schedulers


if __name__ == "__main__":
    pl.seed_everything(0, verbose=False)
    data = torch.randn(64, 2) * 0.3 + torch.tensor([1.0, -1.0])
    trainer = pl.Trainer(
        max_epochs=2, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False
    )
    trainer.fit(Gan(), DataLoader(TensorDataset(data), batch_size=16, shuffle=True))
