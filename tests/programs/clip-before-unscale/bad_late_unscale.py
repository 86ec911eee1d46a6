"""Speech-like frame tagger with gradient accumulation under fp16 autocast."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class FrameTagger(nn.Module):
    def __init__(self, feats=12, hidden=32, tags=4):
        super().__init__()
        self.conv = nn.Conv1d(feats, hidden, 3, padding=1)
        self.rnn = nn.GRU(hidden, hidden, batch_first=True)
        self.out = nn.Linear(hidden, tags)

    def forward(self, x):
        x = F.relu(self.conv(x.transpose(1, 2))).transpose(1, 2)
        return self.out(self.rnn(x.float())[0])


def make_batch(gen, proto, n=12, frames=20):
    y = torch.randint(0, 4, (n, frames), generator=gen)
    return proto[y] + 0.5 * torch.randn(n, frames, 12, generator=gen), y


def clip(model, limit):
    return nn.utils.clip_grad_value_(model.parameters(), limit)  # expect: clip-before-unscale


def finish_window(model, optimizer, scaler, limit):
    clip(model, limit)  # accept: clip-before-unscale
    scaler.unscale_(optimizer)  # accept: clip-before-unscale
    scaler.step(optimizer)
    scaler.update()
    optimizer.zero_grad()


def main(accumulate=2):
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(4)
    proto = torch.randn(4, 12, generator=gen)
    model = FrameTagger()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    scaler = torch.amp.GradScaler("cpu", init_scale=4096.0)
    for i in range(40):
        x, y = make_batch(gen, proto)
        with torch.autocast("cpu", dtype=torch.float16):
            loss = F.cross_entropy(model(x).float().flatten(0, 1), y.flatten()) / accumulate
        scaler.scale(loss).backward()
        if (i + 1) % accumulate == 0:
            finish_window(model, optimizer, scaler, limit=1.0)
        if i % 10 == 0:
            print(f"iter {i} loss {loss.item() * accumulate:.4f} scale {scaler.get_scale():.0f}")


if __name__ == "__main__":
    main()
