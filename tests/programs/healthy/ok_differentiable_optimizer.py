"""A learning rate learned through a differentiable optimizer: inner steps stay in the graph, the outer one trains the rate."""

import torch

if __name__ == "__main__":
    torch.manual_seed(0)
    log_rate = torch.tensor(-3.0, requires_grad=True)
    outer = torch.optim.Adam([log_rate], lr=0.1)
    for step in range(15):
        x = torch.randn(32, 3)
        y = x @ torch.tensor([1.0, -2.0, 0.5])
        weight = torch.zeros(3, requires_grad=True).clone()
        inner = torch.optim.SGD([weight], lr=1.0, differentiable=True)
        inner.param_groups[0]["lr"] = log_rate.exp()
        for _ in range(3):
            loss = (x @ weight - y).pow(2).mean()
            (weight.grad,) = torch.autograd.grad(loss, weight, create_graph=True)
            inner.step()
        final = (x @ weight - y).pow(2).mean()
        outer.zero_grad()
        final.backward()
        outer.step()
        if step % 5 == 0:
            print(step, final.item(), log_rate.exp().item())
