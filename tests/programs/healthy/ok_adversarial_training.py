"""Adversarial training (TRADES): the attack runs in evaluation mode, and what its backward leaves on the weights is thrown away."""

import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(0)
model = nn.Sequential(nn.Linear(8, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Dropout(0.2), nn.Linear(32, 3))
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=5e-4)

for step in range(40):
    inputs = torch.randn(16, 8)
    classes = inputs[:, :3].argmax(1)

    model.eval()
    change = torch.empty_like(inputs).uniform_(-0.1, 0.1)
    for _ in range(3):
        change.requires_grad_()
        F.cross_entropy(model(inputs + change), classes).backward()
        change = (change.detach() + 0.03 * change.grad.sign()).clamp(-0.1, 0.1)

    model.train()
    optimizer.zero_grad()
    natural = model(inputs)
    attacked = F.log_softmax(model(inputs + change), dim=1)
    robust = F.kl_div(attacked, F.softmax(natural, dim=1), reduction="batchmean")
    loss = F.cross_entropy(natural, classes) + 6 * robust
    loss.backward()
    optimizer.step()
