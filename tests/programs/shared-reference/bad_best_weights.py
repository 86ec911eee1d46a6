"""Early stopping on noisy labels; the best epoch's weights go back into the model before the test."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class EarlyStopping:
    def __init__(self, patience=4):
        self.patience, self.best_score, self.best_state, self.wait = patience, float("inf"), None, 0

    def step(self, score, model):
        if score < self.best_score:
            self.best_score, self.wait = score, 0
            self.best_state = model.state_dict()  # expect: shared-reference
        else:
            self.wait += 1
        return self.wait >= self.patience

    def restore(self, model):
        model.load_state_dict(self.best_state)  # accept: shared-reference


def make(n, rule, noise):
    x = torch.randn(n, 12)
    y = (x @ rule > 0).long()
    flip = torch.rand(n) < noise
    return TensorDataset(x, torch.where(flip, 1 - y, y))


@torch.no_grad()
def evaluate(model, data):
    x, y = data.tensors
    return F.cross_entropy(model(x), y).item()


def main():
    torch.manual_seed(0)
    rule = torch.randn(12)
    train, val, test = make(48, rule, 0.25), make(64, rule, 0.0), make(64, rule, 0.0)
    model = nn.Sequential(nn.Linear(12, 128), nn.ReLU(), nn.Linear(128, 2))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    stopper = EarlyStopping()
    for epoch in range(20):
        for x, y in DataLoader(train, batch_size=16, shuffle=True):
            optimizer.zero_grad()
            F.cross_entropy(model(x), y).backward()
            optimizer.step()
        score = evaluate(model, val)
        print(f"epoch {epoch} val {score:.3f}")
        if stopper.step(score, model):
            break
    stopper.restore(model)
    print(f"best val {stopper.best_score:.3f} test {evaluate(model, test):.3f}")


if __name__ == "__main__":
    main()
