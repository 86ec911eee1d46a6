# ranks: 4
"""Hybrid sharding: shards over two ranks, replicas over two; DDP with accumulation and no_sync for a small head beside it."""

import contextlib

import time

import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.nn.parallel import DistributedDataParallel


def main():
    dist.init_process_group("gloo")
    torch.manual_seed(0)
    mesh = init_device_mesh("cpu", (2, 2), mesh_dim_names=("replicate", "shard"))
    body = nn.Sequential(nn.Linear(8, 16), nn.Tanh(), nn.Linear(16, 8))
    fully_shard(body[0], mesh=mesh)
    fully_shard(body, mesh=mesh)
    head = DistributedDataParallel(nn.Linear(8, 1))
    bodies = torch.optim.SGD(body.parameters(), lr=0.05)
    heads = torch.optim.SGD(head.parameters(), lr=0.05)
    data = torch.Generator().manual_seed(dist.get_rank())
    for _ in range(5):
        for micro in range(2):
            is_last = micro == 1
            body.set_requires_gradient_sync(is_last)
            with contextlib.nullcontext() if is_last else head.no_sync():
                x = torch.randn(16, 8, generator=data)
                loss = nn.functional.mse_loss(head(body(x)), x.sum(1, keepdim=True)) / 2
                loss.backward()
        for one in (bodies, heads):
            one.step()
            one.zero_grad()
    time.sleep(0.2)  # torch 2.13 may wait for itself where a gloo group is let go while its thread ends.
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
