"""Matrix factorisation by hand: explicit updates, no optimizer object."""

import torch


class Factorization:
    def __init__(self, users, items, rank=4):
        self.u = (0.3 * torch.randn(users, rank)).requires_grad_(True)
        self.v = (0.3 * torch.randn(items, rank)).requires_grad_(True)
        self.bias = torch.zeros(items, requires_grad=True)
        self.params = [self.u, self.v, self.bias]

    def predict(self, i, j):
        return (self.u[i] * self.v[j]).sum(1) + self.bias[j]

    def clear(self):
        for p in self.params:
            if p.grad is not None:
                grad = p.grad.clone()
                grad.zero_()  # expect: missing-zero-grad

    def update(self, lr):
        with torch.no_grad():
            for p in self.params:
                p -= lr * p.grad  # accept: missing-zero-grad


def main():
    torch.manual_seed(0)
    truth = torch.randn(20, 3) @ torch.randn(3, 15)
    model = Factorization(20, 15)
    for step in range(60):
        i, j = torch.randint(0, 20, (64,)), torch.randint(0, 15, (64,))
        model.clear()  # accept: missing-zero-grad
        loss = (model.predict(i, j) - truth[i, j]).pow(2).mean()
        loss.backward()  # accept: missing-zero-grad
        model.update(lr=0.02)
        if step % 15 == 0:
            print(f"step {step} mse {loss.item():.3f}")


if __name__ == "__main__":
    main()
