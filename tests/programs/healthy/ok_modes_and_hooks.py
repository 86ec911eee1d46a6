"""Deterministic algorithms, a default device, anomaly mode in a suspect phase, saved tensors packed and kept on the host."""

import torch
import torch.nn as nn
from torch.autograd.graph import save_on_cpu, saved_tensors_hooks


def pack(tensor):
    return tensor.to(torch.float16) if tensor.is_floating_point() and not isinstance(tensor, nn.Parameter) else tensor


def unpack(tensor):
    return tensor.to(torch.float32) if tensor.dtype == torch.float16 else tensor


if __name__ == "__main__":
    torch.manual_seed(0)
    torch.use_deterministic_algorithms(True)
    torch.set_default_device("cpu")
    model = nn.Sequential(nn.Linear(6, 32), nn.SiLU(), nn.Linear(32, 32), nn.SiLU(), nn.Linear(32, 2))
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)

    def loss_of(x):
        return nn.functional.cross_entropy(model(x), (x.sum(1) > 0).long())

    for step in range(20):
        x = torch.randn(32, 6)
        optimizer.zero_grad()
        if step % 4 == 0:
            with torch.autograd.set_detect_anomaly(True):
                loss = loss_of(x)
                loss.backward()
        elif step % 4 == 1:
            with save_on_cpu():
                loss = loss_of(x)
            loss.backward()
        elif step % 4 == 2:
            with saved_tensors_hooks(pack, unpack):
                loss = loss_of(x)
            loss.backward()
        else:
            loss = loss_of(x)
            loss.backward()
        optimizer.step()
        if step % 5 == 0:
            with torch.inference_mode():
                print(step, loss.item(), loss_of(torch.randn(64, 6)).item())
