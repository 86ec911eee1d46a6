"""Two players: the generator's optimizer steps within compiled code, the discriminator's as ever; the loss breaks the graph."""
# uses: torch._dynamo

import torch
import torch.nn as nn

if __name__ == "__main__":
    torch.manual_seed(0)
    generator = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 2))
    critic = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 1))
    g_optimizer = torch.optim.Adam(generator.parameters(), lr=2e-3, betas=(0.5, 0.9))
    c_optimizer = torch.optim.Adam(critic.parameters(), lr=2e-3, betas=(0.5, 0.9))
    bce = nn.functional.binary_cross_entropy_with_logits

    @torch.compile(backend="eager")
    def train_generator(noise):
        g_optimizer.zero_grad()
        scores = critic(generator(noise))
        loss = bce(scores, torch.ones_like(scores))
        if loss.item() > 1e4:  # A number of Python's: the graph ends here, and another begins.
            loss = loss * 0.1
        loss.backward()
        g_optimizer.step()
        return loss

    for step in range(12):
        real = torch.randn(32, 2) * 0.5 + 1
        fake = generator(torch.randn(32, 2)).detach()
        c_loss = bce(critic(real), torch.ones(32, 1)) + bce(critic(fake), torch.zeros(32, 1))
        c_optimizer.zero_grad()
        c_loss.backward()
        c_optimizer.step()
        g_loss = train_generator(torch.randn(32, 2))
        print(step, c_loss.item(), g_loss.item())
