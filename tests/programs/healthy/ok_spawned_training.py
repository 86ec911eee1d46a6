"""Two trainings with different seeds in child processes, results through a queue."""

import multiprocessing as mp

import torch
import torch.nn as nn


def train(seed, queue):
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(3, 16), nn.Tanh(), nn.Linear(16, 1))
    opt = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(30):
        x = torch.randn(32, 3)
        loss = (model(x).squeeze(1) - x[:, 0]).pow(2).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
    queue.put((seed, loss.item()))


if __name__ == "__main__":
    context = mp.get_context("fork")
    queue = context.Queue()
    children = [context.Process(target=train, args=(seed, queue)) for seed in (1, 2)]
    for child in children:
        child.start()
    results = sorted(queue.get(timeout=30) for _ in children)
    for child in children:
        child.join()
    print(results)
