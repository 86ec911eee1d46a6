"""Self-training: an unlabelled stream is pseudo-labelled by the model on the fly."""

import torch
import torch.nn as nn


def pseudo_labels(model, stream, threshold):
    torch.autograd.set_grad_enabled(False)  # expect: grad-mode-leak
    for x in stream:
        confidence, label = model(x).softmax(-1).max(-1)
        keep = confidence > threshold
        if keep.any():
            yield x[keep], label[keep]
    torch.autograd.set_grad_enabled(True)  # accept: grad-mode-leak


def blobs(n, gen):
    y = torch.randint(0, 3, (n,), generator=gen)
    centres = torch.tensor([[2.0, 0.0], [-2.0, 0.0], [0.0, 2.0]])
    return centres[y] + 0.7 * torch.randn(n, 2, generator=gen), y


class SelfTraining:
    def __init__(self, model):
        self.model = model
        self.optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

    def update(self, x, y):
        loss = nn.functional.cross_entropy(self.model(x), y)
        self.optimizer.zero_grad()
        if loss.requires_grad:
            loss.backward()
            self.optimizer.step()
        return loss.item()


def main():
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(7)
    trainer = SelfTraining(nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 3)))
    for step in range(15):
        loss = trainer.update(*blobs(32, gen))
    print(f"supervised loss {loss:.3f}")
    stream = (blobs(32, gen)[0] for _ in range(50))
    for step, (x, y) in enumerate(pseudo_labels(trainer.model, stream, 0.6)):  # accept: grad-mode-leak
        loss = trainer.update(x, y)
        if step % 5 == 0:
            print(f"pseudo step {step} loss {loss:.3f}")
        if step == 20:
            break
    for step in range(15):
        loss = trainer.update(*blobs(32, gen))
    print(f"final loss {loss:.3f}")


if __name__ == "__main__":
    main()
