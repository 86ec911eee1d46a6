"""Transfer to a new task: train the head for two epochs, then the whole network."""

import torch
import torch.nn.functional as F
from torch import nn


class Backbone(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 3, padding=1)
        self.conv2 = nn.Conv2d(6, 12, 3, padding=1, stride=2)

    def forward(self, x):
        return F.relu(self.conv2(F.relu(self.conv1(x)))).mean((2, 3))


class Finetuner:
    def __init__(self, backbone, classes=3, warm_epochs=2):
        self.model = nn.ModuleDict({"backbone": backbone, "head": nn.Linear(12, classes)})
        self.warm_epochs = warm_epochs
        for p in backbone.parameters():
            p.requires_grad = False  # accept: frozen-parameter
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=3e-3)  # accept: frozen-parameter

    def on_epoch_start(self, epoch):
        if epoch == self.warm_epochs:
            self.model["backbone"].requires_grad = True  # expect: frozen-parameter
            self.optimizer.param_groups[0]["lr"] = 1e-3

    def fit(self, batches, epochs=5):
        for epoch in range(epochs):
            self.on_epoch_start(epoch)
            total = 0.0
            for x, y in batches:
                loss = F.cross_entropy(self.model["head"](self.model["backbone"](x)), y)
                self.optimizer.zero_grad()
                loss.backward()
                self.optimizer.step()
                total += loss.item()
            print(f"epoch {epoch} loss {total / len(batches):.4f}")


def data(gen, n=8):
    for _ in range(n):
        y = torch.randint(0, 3, (16,), generator=gen)
        yield torch.randn(16, 1, 8, 8, generator=gen) * (1 + y.view(-1, 1, 1, 1)), y


if __name__ == "__main__":
    torch.manual_seed(0)
    pretrained = Backbone().state_dict()
    backbone = Backbone()
    backbone.load_state_dict(pretrained)
    Finetuner(backbone).fit(list(data(torch.Generator().manual_seed(0))))
