"""Compiles what people compile, and prints losses and the counters of `torch._dynamo`; run bare and under gradprobe."""

import json
import sys

import torch
import torch._dynamo
from torch import nn
from torch._dynamo.utils import counters


class Net(nn.Module):
    """A network with dropout and a normalisation."""

    def __init__(self):
        super().__init__()
        self.hidden, self.norm, self.drop, self.out = (
            nn.Linear(6, 16),
            nn.LayerNorm(16),
            nn.Dropout(0.1),
            nn.Linear(16, 3),
        )

    def forward(self, x):
        """Return logits."""
        return self.out(self.drop(torch.relu(self.norm(self.hidden(x)))))


def fit(name, backend):
    """Train a few steps with some of it compiled; print one line."""
    torch._dynamo.reset()
    counters.clear()
    torch.manual_seed(0)
    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)

    def compiled(function):
        return torch.compile(function, backend=backend)

    forward = compiled(model) if name == "model" else model

    def loss_of(x):
        return nn.functional.cross_entropy(forward(x), x[:, :3].argmax(1))

    def forward_backward(x):
        loss = loss_of(x)
        loss.backward()
        return loss

    def train_step(x):
        optimizer.zero_grad()
        loss = forward_backward(x)
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        return loss

    if name == "forward and backward, step":
        forward_backward = compiled(forward_backward)
        optimizer.step = compiled(optimizer.step)
    elif name == "train step":
        train_step = compiled(train_step)
    losses = []
    for number in range(7):
        losses.append(train_step(torch.randn(8, 6)).item())
        if number % 3 == 2:
            model.eval()
            with torch.no_grad():
                losses.append(loss_of(torch.randn(8, 6)).item())
            model.train()
    counted = {kind: sum(counters[kind].values()) for kind in ("graph_break", "unimplemented", "recompile_limit")}
    counted |= {"frames": counters["frames"]["total"], "graphs": counters["stats"]["unique_graphs"]}
    print(json.dumps({"name": name, "backend": backend, "losses": losses, "counted": counted}), flush=True)


def main():
    """Print one line a way of compiling."""
    fit("model", "eager")
    fit("model", "aot_eager")
    fit("forward and backward, step", "eager")
    fit("train step", "eager")


if __name__ == "__main__":
    sys.exit(main())
