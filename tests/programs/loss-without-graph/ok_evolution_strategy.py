"""OpenAI-style evolution strategy: the objective is not differentiable, gradients are estimated and written by hand."""

import torch
from torch import nn
from torch.nn.utils import parameters_to_vector, vector_to_parameters


@torch.no_grad()
def fitness(vector, model, x, y):
    vector_to_parameters(vector, model.parameters())
    return -(model(x).argmax(1) != y).float().mean() - 0.1 * nn.functional.cross_entropy(model(x), y)


def estimate(model, x, y, population=24, sigma=0.1):
    center = parameters_to_vector(model.parameters()).detach().clone()
    noise = torch.randn(population // 2, center.numel())
    noise = torch.cat([noise, -noise])
    scores = torch.stack([fitness(center + sigma * n, model, x, y) for n in noise])
    vector_to_parameters(center, model.parameters())
    ranks = scores.argsort().argsort().float() / (population - 1) - 0.5
    return -(ranks @ noise) / (population * sigma), scores


def main():
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 12), nn.Tanh(), nn.Linear(12, 2))
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-2)
    for generation in range(30):
        x = torch.randn(64, 4, generator=gen)
        y = (x[:, 0] + x[:, 1] > 0).long()
        gradient, scores = estimate(model, x, y)
        offset = 0
        for p in model.parameters():
            p.grad = gradient[offset : offset + p.numel()].view_as(p).clone()
            offset += p.numel()
        optimizer.step()
        if generation % 10 == 9:
            print(f"generation {generation + 1} fitness {scores.mean():.4f}")


if __name__ == "__main__":
    main()
