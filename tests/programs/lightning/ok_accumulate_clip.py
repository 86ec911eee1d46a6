"""Accumulation over four micro-batches with clipping, in bfloat16 by autocast, with `pytorch_lightning` and a plain loop's optimizer."""

# uses: pytorch_lightning
import pytorch_lightning as pl
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset


class Tagger(pl.LightningModule):
    def __init__(self, vocabulary=20, width=16, tags=4):
        super().__init__()
        self.embed = nn.Embedding(vocabulary, width)
        self.mix = nn.TransformerEncoderLayer(width, 2, 32, dropout=0.1, batch_first=True)
        self.head = nn.Linear(width, tags)

    def forward(self, tokens):
        return self.head(self.mix(self.embed(tokens)))

    def training_step(self, batch, batch_idx):
        tokens, tags = batch
        loss = F.cross_entropy(self(tokens).flatten(0, 1), tags.flatten())
        self.log("loss", loss, prog_bar=True)
        return loss

    def validation_step(self, batch, batch_idx):
        tokens, tags = batch
        logits = self(tokens)
        self.log("accuracy", (logits.argmax(-1) == tags).float().mean())

    def configure_optimizers(self):
        decay = [one for one in self.parameters() if one.dim() > 1]
        rest = [one for one in self.parameters() if one.dim() <= 1]
        groups = [{"params": decay, "weight_decay": 0.01}, {"params": rest, "weight_decay": 0.0}]
        optimizer = torch.optim.AdamW(groups, lr=3e-3)
        scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, mode="max", patience=1)
        return {"optimizer": optimizer, "lr_scheduler": scheduler, "monitor": "accuracy"}


if __name__ == "__main__":
    pl.seed_everything(0, verbose=False)
    tokens = torch.randint(0, 20, (72, 5))
    data = TensorDataset(tokens, tokens % 4)
    train, valid = torch.utils.data.random_split(data, [56, 16])
    trainer = pl.Trainer(
        max_epochs=3,
        accelerator="cpu",
        precision="bf16-mixed",
        accumulate_grad_batches=4,
        gradient_clip_val=0.5,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(Tagger(), DataLoader(train, batch_size=8, shuffle=True), DataLoader(valid, batch_size=8))
