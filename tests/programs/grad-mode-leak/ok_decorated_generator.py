"""Hard-example stream written as a decorated generator, stopped early; inference helpers are decorated too."""

import torch
import torch.nn as nn


@torch.no_grad()
def hard_examples(model, stream):
    for x, y in stream:
        error = (model(x) - y).abs()
        pick = error.topk(8).indices
        yield x[pick], y[pick]


@torch.inference_mode()
def score(model, x, y):
    return (model(x) - y).abs().mean().item()


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(4, 32), nn.GELU(), nn.Linear(32, 1))

    def forward(self, x):
        return self.net(x).squeeze(-1)


def draw(n, gen):
    x = torch.randn(n, 4, generator=gen)
    return x, x[:, 0] * x[:, 1]


if __name__ == "__main__":
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    model = Net()
    opt = torch.optim.Adam(model.parameters(), lr=5e-3)
    for step, (x, y) in enumerate(hard_examples(model, (draw(32, gen) for _ in range(100)))):
        loss = (model(x) - y).pow(2).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 10 == 0:
            print(step, round(loss.item(), 3), round(score(model, *draw(64, gen)), 3))
        if step == 45:
            break
