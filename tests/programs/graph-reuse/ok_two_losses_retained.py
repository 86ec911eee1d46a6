"""One code, two backward passes; the first of them keeps the graph for the second."""

import torch
import torch.nn.functional as F
from torch import nn


def main():
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    encoder = nn.Sequential(nn.Linear(20, 32), nn.ReLU(), nn.Linear(32, 8))
    decoder, classifier = nn.Linear(8, 20), nn.Linear(8, 4)
    parameters = [p for m in (encoder, decoder, classifier) for p in m.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=5e-3)
    for step in range(40):
        x = torch.randn(32, 20, generator=gen)
        code = encoder(x)
        recon = F.mse_loss(decoder(code), x)
        label = F.cross_entropy(classifier(code), x[:, :4].argmax(1))
        optimizer.zero_grad()
        recon.backward(retain_graph=True)
        label.backward()
        optimizer.step()
        if step % 10 == 9:
            print(f"step {step + 1} recon {recon.item():.4f} label {label.item():.4f}")


if __name__ == "__main__":
    main()
