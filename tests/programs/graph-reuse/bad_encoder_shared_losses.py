"""Joint reconstruction and classification from one code, with one backward per task."""

import torch
import torch.nn.functional as F
from torch import nn


class JointModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(20, 32), nn.ReLU(), nn.Linear(32, 8))
        self.decoder = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 20))
        self.classifier = nn.Linear(8, 4)


class Objective:
    """One term of the training: a name, a weight and a function of the model, the code and the batch."""

    def __init__(self, name, weight, fn):
        self.name, self.weight, self.fn = name, weight, fn

    def backward(self, model, code, batch):
        loss = self.weight * self.fn(model, code, batch)
        loss.backward()  # expect: graph-reuse
        return loss.item()


def reconstruction(model, code, batch):
    return F.mse_loss(model.decoder(code), batch[0])


def classification(model, code, batch):
    return F.cross_entropy(model.classifier(code), batch[1])


def main():
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    model = JointModel()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    objectives = [Objective("recon", 1.0, reconstruction), Objective("class", 0.5, classification)]
    for step in range(30):
        x = torch.randn(32, 20, generator=gen)
        batch = (x, x[:, :4].argmax(1))
        code = model.encoder(x)  # accept: graph-reuse
        optimizer.zero_grad()
        values = {o.name: o.backward(model, code, batch) for o in objectives}  # accept: graph-reuse
        optimizer.step()
        if step % 10 == 9:
            print(step + 1, values)


if __name__ == "__main__":
    main()
