"""Start and learning rate are learned through a differentiable optimizer: its inner steps stay in the graph."""

import torch

if __name__ == "__main__":
    torch.manual_seed(0)
    start = torch.zeros(3, requires_grad=True)
    log_rate = torch.tensor(-3.0, requires_grad=True)
    outer = torch.optim.Adam([start, log_rate], lr=0.05)
    for step in range(15):
        x = torch.randn(32, 3)
        y = x @ torch.tensor([1.0, -2.0, 0.5])
        weight = start.clone()
        inner = torch.optim.SGD([weight], lr=1.0, differentiable=True)
        inner.param_groups[0]["lr"] = log_rate.exp()
        for _ in range(3):
            loss = (x @ weight - y).pow(2).mean()
            (weight.grad,) = torch.autograd.grad(loss, weight, create_graph=True)
            inner.step()
        weight.grad = None  # It leads back to the weight itself, which would never be freed.
        final = (x @ weight - y).pow(2).mean()
        outer.zero_grad()
        final.backward()
        outer.step()
        if step % 5 == 0:
            print(step, final.item(), log_rate.exp().item())
