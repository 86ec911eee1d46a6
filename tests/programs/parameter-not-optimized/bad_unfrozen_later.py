"""The head is trained first; the backbone is unfrozen after two epochs, and the optimizer has never heard of it."""

import torch
from torch import nn


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = nn.Sequential(nn.Linear(12, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU())
        self.head = nn.Linear(32, 4)

    def forward(self, x):
        return self.head(self.backbone(x))


torch.manual_seed(0)
model = Classifier()
model.backbone.requires_grad_(False)
trainable = [one for one in model.parameters() if one.requires_grad]
optimizer = torch.optim.AdamW(trainable, lr=3e-3)  # expect: parameter-not-optimized
inputs = torch.randn(640, 12)
targets = inputs[:, :4].argmax(1)
for epoch in range(5):
    if epoch == 2:
        model.backbone.requires_grad_(True)
    for batch in torch.randperm(640).split(64):
        loss = nn.functional.cross_entropy(model(inputs[batch]), targets[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
