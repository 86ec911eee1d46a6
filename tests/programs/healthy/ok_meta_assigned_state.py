"""A pretrained state assigned to a model that was laid out on the meta device; a new head is trained with the rest."""

import torch
import torch.nn as nn


def build():
    return nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 3))


if __name__ == "__main__":
    torch.manual_seed(0)
    state = build().state_dict()
    with torch.device("meta"):
        model = build()
    model.load_state_dict(state, assign=True)
    model[4] = nn.Linear(16, 2)
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    for step in range(20):
        x = torch.randn(32, 4)
        loss = nn.functional.cross_entropy(model(x), (x[:, 0] > 0).long())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 5 == 0:
            print(step, loss.item())
