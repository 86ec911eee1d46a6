"""Train a GAN with accelerate: two models, two optimizers, one loader."""
# uses: accelerate

import torch
import torch.nn.functional as F
from accelerate import Accelerator
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def main():
    accelerator = Accelerator(cpu=True)
    torch.manual_seed(0)
    generator = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 2))
    critic = nn.Sequential(nn.Linear(2, 16), nn.LeakyReLU(0.2), nn.Linear(16, 1))
    for_generator = torch.optim.Adam(generator.parameters(), lr=1e-3, betas=(0.5, 0.99))
    for_critic = torch.optim.Adam(critic.parameters(), lr=1e-3, betas=(0.5, 0.99))
    loader = DataLoader(TensorDataset(torch.randn(96, 2) * 0.3 + 1), 8, shuffle=True)
    generator, critic, for_generator, for_critic, loader = accelerator.prepare(
        generator, critic, for_generator, for_critic, loader
    )
    for (real,) in loader:
        fake = generator(torch.randn(len(real), 4))
        loss = F.softplus(-critic(real)).mean() + F.softplus(critic(fake.detach())).mean()
        for_critic.zero_grad()
        accelerator.backward(loss)
        for_critic.step()
        deceived = F.softplus(-critic(fake)).mean()
        for_generator.zero_grad()
        accelerator.backward(deceived)
        for_generator.step()
    accelerator.print(loss.item(), deceived.item())


if __name__ == "__main__":
    main()
