"""Trains a decoder, then searches latents for given images with the decoder frozen."""

import torch
import torch.nn as nn
import torch.nn.functional as F


def fit_decoder(decoder, basis, steps=40):
    optimizer = torch.optim.Adam(decoder.parameters(), lr=1e-2)
    for _ in range(steps):
        z = torch.randn(64, 3)
        loss = F.mse_loss(decoder(z), (z @ basis).tanh())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return loss.item()


def invert(decoder, images, steps=40):
    decoder.requires_grad_(False)
    z = torch.zeros(len(images), 3, requires_grad=True)
    optimizer = torch.optim.Adam([z], lr=0.1)
    for _ in range(steps):
        loss = F.mse_loss(decoder(z), images) + 1e-3 * z.pow(2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return loss.item()


def main():
    torch.manual_seed(0)
    basis = torch.randn(3, 16)
    decoder = nn.Sequential(nn.Linear(3, 48), nn.ReLU(), nn.Linear(48, 16))
    print("decoder", fit_decoder(decoder, basis))
    print("inversion", invert(decoder, (torch.randn(8, 3) @ basis).tanh()))


if __name__ == "__main__":
    main()
