"""Cross-validation: a new model and optimizer for every fold in one script."""

import torch
import torch.nn as nn


def build():
    model = nn.Sequential(nn.Linear(5, 16), nn.ReLU(), nn.Linear(16, 1))
    return model, torch.optim.Adam(model.parameters(), lr=1e-2)


def score(model, x, y):
    with torch.no_grad():
        return (model(x).squeeze(1) - y).pow(2).mean().item()


if __name__ == "__main__":
    torch.manual_seed(0)
    x = torch.randn(120, 5)
    y = x[:, 0].abs() + x[:, 1]
    folds = torch.arange(120) % 3
    scores = []
    for fold in range(3):
        model, opt = build()
        train, test = folds != fold, folds == fold
        for _ in range(25):
            loss = (model(x[train]).squeeze(1) - y[train]).pow(2).mean()
            opt.zero_grad()
            loss.backward()
            opt.step()
        scores.append(score(model, x[test], y[test]))
        print(f"fold {fold} mse {scores[-1]:.3f}")
    print(f"mean {sum(scores) / 3:.3f}")
