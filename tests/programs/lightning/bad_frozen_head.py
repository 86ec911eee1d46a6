"""Fine-tuning that loads a backbone and means to freeze it, and freezes the new head with it; the adapter trains on."""

# uses: lightning.pytorch
import lightning as L
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset


def backbone():
    return nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, 16), nn.Tanh())


class FineTuned(L.LightningModule):
    def __init__(self, pretrained):
        super().__init__()
        self.backbone = backbone()
        self.backbone.load_state_dict(torch.load(pretrained))
        self.adapter = nn.Linear(16, 16)
        self.head = nn.Linear(16, 3)
        for name, parameter in self.named_parameters():
            if not name.startswith("adapter"):
                parameter.requires_grad = False  # expect: frozen-parameter

    def forward(self, x):
        return self.head(torch.relu(self.adapter(self.backbone(x))))

    def training_step(self, batch, batch_idx):
        x, y = batch
        loss = F.cross_entropy(self(x), y)
        self.log("train_loss", loss)
        return loss

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=1e-3)


if __name__ == "__main__":
    L.seed_everything(0, verbose=False)
    torch.save(backbone().state_dict(), "pretrained.pt")
    x = torch.randn(64, 4)
    y = (x[:, 0] > 0).long() + (x[:, 1] > 0).long()
    trainer = L.Trainer(
        max_epochs=2, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False
    )
    trainer.fit(FineTuned("pretrained.pt"), DataLoader(TensorDataset(x, y), batch_size=16))
