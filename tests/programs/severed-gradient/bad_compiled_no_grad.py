"""A compiled loss function: a helper of the model still wears the decorator from when it was used for evaluation only."""
# uses: torch._dynamo

import torch
import torch.nn as nn


class Matcher(nn.Module):
    def __init__(self, dim=12):
        super().__init__()
        self.left = nn.Linear(5, dim)
        self.right = nn.Linear(5, dim)
        self.scale = nn.Parameter(torch.tensor(1.0))

    @torch.no_grad()  # expect: severed-gradient
    def encode_right(self, x):
        h = torch.tanh(self.right(x))
        return h / h.norm(dim=-1, keepdim=True)

    def forward(self, a, b):
        left = torch.tanh(self.left(a))
        return self.scale * (left @ self.encode_right(b).t())


if __name__ == "__main__":
    torch.manual_seed(0)
    model = Matcher()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

    @torch.compile(backend="eager")
    def loss_of(a, b):
        return nn.functional.cross_entropy(model(a, b), torch.arange(len(a)))

    for step in range(10):
        a = torch.randn(8, 5)
        optimizer.zero_grad()
        loss = loss_of(a, a + 0.1 * torch.randn(8, 5))
        loss.backward()
        optimizer.step()
        print(step, loss.item())
