"""Reuse a pretrained convolutional encoder for segmentation; its convolutions stay fixed."""

import torch
import torch.nn.functional as F
from torch import nn


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 3, padding=1)
        self.conv2 = nn.Conv2d(8, 8, 3, padding=1)

    def forward(self, x):
        return F.relu(self.conv2(F.relu(self.conv1(x))))


class Segmenter(nn.Module):
    def __init__(self, encoder, classes=2):
        super().__init__()
        self.encoder = encoder
        self.decode_conv = nn.Conv2d(8, 8, 3, padding=1)
        self.norm = nn.GroupNorm(2, 8)
        self.classify = nn.Conv2d(8, classes, 1)

    def forward(self, x):
        return self.classify(F.relu(self.norm(self.decode_conv(self.encoder(x)))))


def freeze_convolutions(model):
    for name, parameter in model.named_parameters():
        if "conv" in name:  # accept: frozen-parameter
            parameter.requires_grad_(False)  # expect: frozen-parameter


def stripes(n, gen):
    x = torch.randn(n, 1, 12, 12, generator=gen)
    mask = (torch.rand(n, 1, 12, generator=gen) < 0.4).expand(n, 12, 12)
    return x + 1.5 * mask.unsqueeze(1), mask.long()


def main():
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    weights = Encoder().state_dict()
    encoder = Encoder()
    encoder.load_state_dict(weights)
    model = Segmenter(encoder)
    freeze_convolutions(model)
    optimizer = torch.optim.Adam(filter(lambda p: p.requires_grad, model.parameters()), lr=5e-3)
    for step in range(40):
        x, mask = stripes(8, gen)
        loss = F.cross_entropy(model(x), mask)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 9:
            print(f"step {step + 1} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
