"""Data-parallel training with accumulation: gradients are exchanged for the last micro-batch alone."""

import contextlib
import os
import socket

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import nn
from torch.nn.parallel import DistributedDataParallel


def start():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    dist.init_process_group("gloo", rank=0, world_size=1)


def main():
    torch.manual_seed(0)
    start()
    net = nn.Sequential(nn.Linear(8, 24), nn.GELU(), nn.Linear(24, 3))
    model = DistributedDataParallel(net)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    w = torch.randn(8, 3)
    for step in range(10):
        optimizer.zero_grad()
        for micro in range(3):
            x = torch.randn(16, 8)
            with model.no_sync() if micro < 2 else contextlib.nullcontext():
                loss = F.cross_entropy(model(x), (x @ w).argmax(1)) / 3
                loss.backward()
        optimizer.step()
        print(step, round(3 * loss.item(), 3))


if __name__ == "__main__":
    main()
