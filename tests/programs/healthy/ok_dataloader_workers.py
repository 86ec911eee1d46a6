"""A map-style dataset read by two worker processes, with a worker seed function and a collate function."""

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset


class Sequences(Dataset):
    def __len__(self):
        return 96

    def __getitem__(self, i):
        gen = torch.Generator().manual_seed(i)
        length = int(torch.randint(3, 9, (1,), generator=gen))
        x = torch.randn(length, 2, generator=gen)
        return x, x[:, 0].sum()


def collate(items):
    x = nn.utils.rnn.pad_sequence([i[0] for i in items], batch_first=True)
    return x, torch.tensor([len(i[0]) for i in items]), torch.stack([i[1] for i in items])


def seed_worker(worker):
    torch.manual_seed(torch.initial_seed() % 2**31 + worker)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn, self.out = nn.GRU(2, 24, batch_first=True), nn.Linear(24, 1)

    def forward(self, x, lengths):
        packed = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        return self.out(self.rnn(packed)[1][0]).squeeze(1)


if __name__ == "__main__":
    torch.manual_seed(0)
    loader = DataLoader(
        Sequences(), batch_size=16, shuffle=True, num_workers=2, collate_fn=collate, worker_init_fn=seed_worker
    )
    model = Net()
    opt = torch.optim.Adam(model.parameters(), lr=1e-2)
    for epoch in range(3):
        for x, lengths, y in loader:
            loss = (model(x, lengths) - y).pow(2).mean()
            opt.zero_grad()
            loss.backward()
            opt.step()
        print(f"epoch {epoch} {loss.item():.3f}")
