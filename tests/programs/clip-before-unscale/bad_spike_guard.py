"""Image denoiser that drops batches whose gradient norm spikes."""

import torch
import torch.nn as nn


class Denoiser(nn.Module):
    def __init__(self, width=16):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, width, 3, padding=1),
            nn.SiLU(),
            nn.Conv2d(width, width, 3, padding=1),
            nn.SiLU(),
            nn.Conv2d(width, 1, 3, padding=1),
        )

    def forward(self, x):
        return x - self.layers(x)


def grad_norm(module):
    norms = [p.grad.norm() for p in module.parameters() if p.grad is not None]  # expect: clip-before-unscale
    return torch.stack(norms).norm().item()


def main(max_grad_norm=50.0):
    torch.manual_seed(0)
    model = Denoiser()
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    scaler = torch.amp.GradScaler("cpu")
    dropped = 0
    for step in range(40):
        clean = torch.rand(8, 1, 1, 1) * torch.ones(8, 1, 12, 12)
        noisy = clean + 0.3 * torch.randn_like(clean)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = nn.functional.mse_loss(model(noisy), clean)
        optimizer.zero_grad()
        scaler.scale(loss).backward()
        norm = grad_norm(model)  # accept: clip-before-unscale
        if norm > max_grad_norm:  # accept: clip-before-unscale
            dropped += 1
            continue
        scaler.step(optimizer)
        scaler.update()
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.4f} grad norm {norm:.3f}")
    print(f"dropped {dropped} batches")


if __name__ == "__main__":
    main()
