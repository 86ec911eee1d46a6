"""Next-token model on synthetic counting sequences, trained in mixed precision by a small Trainer."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class TinyLM(nn.Module):
    def __init__(self, vocab=24, dim=32):
        super().__init__()
        self.tok = nn.Embedding(vocab, dim)
        self.pos = nn.Parameter(0.02 * torch.randn(16, dim))
        self.block = nn.TransformerEncoderLayer(dim, 4, 64, dropout=0.0, batch_first=True, norm_first=True)
        self.head = nn.Linear(dim, vocab)

    def forward(self, ids):
        n = ids.shape[1]
        mask = torch.triu(torch.full((n, n), float("-inf")), 1)
        return self.head(self.block(self.tok(ids) + self.pos[:n], src_mask=mask))


class Trainer:
    def __init__(self, model, lr=0.3, max_norm=1.0):
        self.model = model
        self.max_norm = max_norm
        self.optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
        self.scaler = torch.amp.GradScaler("cpu")

    def train_step(self, ids):
        self.optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = self.model(ids[:, :-1])
        loss = F.cross_entropy(logits.float().flatten(0, 1), ids[:, 1:].flatten())
        self.scaler.scale(loss).backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), self.max_norm)  # expect: clip-before-unscale
        self.scaler.step(self.optimizer)
        self.scaler.update()
        return loss.item()


def batches(steps, gen, size=16, length=12):
    for _ in range(steps):
        start = torch.randint(0, 24, (size, 1), generator=gen)
        stride = torch.randint(1, 4, (size, 1), generator=gen)
        yield (start + stride * torch.arange(length)) % 24


def main():
    torch.manual_seed(0)
    trainer = Trainer(TinyLM())
    for step, ids in enumerate(batches(40, torch.Generator().manual_seed(1))):
        loss = trainer.train_step(ids)
        if step % 10 == 0:
            print(f"step {step} loss {loss:.4f}")


if __name__ == "__main__":
    main()
