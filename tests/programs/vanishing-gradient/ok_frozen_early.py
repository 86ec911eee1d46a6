"""Pretrained sigmoid encoder with frozen early layers, the last layer and the head are tuned."""

import io

import torch
import torch.nn as nn


def encoder():
    return nn.Sequential(
        nn.Linear(8, 16), nn.Sigmoid(), nn.Linear(16, 16), nn.Sigmoid(), nn.Linear(16, 16), nn.Sigmoid()
    )


def pretrained():
    file = io.BytesIO()
    source = encoder()
    for p in source.parameters():
        nn.init.normal_(p, std=0.8)
    torch.save(source.state_dict(), file)
    file.seek(0)
    model = encoder()
    model.load_state_dict(torch.load(file))
    return model


if __name__ == "__main__":
    torch.manual_seed(0)
    body = pretrained()
    for layer in body[:4]:
        layer.requires_grad_(False)
    head = nn.Linear(16, 2)
    opt = torch.optim.Adam([*body[4].parameters(), *head.parameters()], lr=1e-2)
    for step in range(60):
        x = torch.randn(64, 8)
        loss = nn.functional.cross_entropy(head(body(x)), (x[:, 0] > 0).long())
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 15 == 0:
            print(step, round(loss.item(), 4))
