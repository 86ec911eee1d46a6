"""House-price regression from a numpy table."""

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


def load_table(n=300, seed=0):
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(n, 5))
    price = features @ rng.normal(size=5) + 0.1 * rng.normal(size=n)
    return features.astype(np.float32), (price - price.mean()) / price.std()


def make_loader(batch=30):
    x, y = load_table()
    data = TensorDataset(torch.from_numpy(x), torch.from_numpy(y))  # expect: float64-promotion
    return DataLoader(data, batch_size=batch, shuffle=True)


def main(epochs=4):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(5, 32), nn.ReLU(), nn.Linear(32, 1))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    criterion = nn.MSELoss()
    loader = make_loader()
    for epoch in range(epochs):
        total = 0.0
        for x, y in loader:
            loss = criterion(model(x).squeeze(1), y)  # accept: float64-promotion
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item()
        print(f"epoch {epoch} mse {total / len(loader):.4f}")


if __name__ == "__main__":
    main()
