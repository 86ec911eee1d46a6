"""Stochastic weight averaging with its scheduler and a BatchNorm update at the end."""

import torch
import torch.nn as nn
from torch.optim.swa_utils import SWALR, AveragedModel, update_bn
from torch.utils.data import DataLoader, TensorDataset

if __name__ == "__main__":
    torch.manual_seed(0)
    x = torch.randn(192, 6)
    y = (x[:, 0] * x[:, 1] > 0).long()
    loader = DataLoader(TensorDataset(x, y), batch_size=32, shuffle=True)
    model = nn.Sequential(nn.Linear(6, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, 2))
    average = AveragedModel(model)
    opt = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    cosine = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=8)
    swa = SWALR(opt, swa_lr=0.03, anneal_epochs=2)
    for epoch in range(9):
        for xb, yb in loader:
            loss = nn.functional.cross_entropy(model(xb), yb)
            opt.zero_grad()
            loss.backward()
            opt.step()
        if epoch >= 5:
            average.update_parameters(model)
            swa.step()
        else:
            cosine.step()
    update_bn(loader, average)
    average.eval()
    with torch.no_grad():
        print(f"averaged accuracy {(average(x).argmax(1) == y).float().mean().item():.3f}")
