"""Manual optimization of a world model and a policy, where the backward of the policy's loss was forgotten."""

# uses: lightning.pytorch
import lightning as L
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset


class Agent(L.LightningModule):
    def __init__(self):
        super().__init__()
        self.automatic_optimization = False
        self.world = nn.Sequential(nn.Linear(5, 16), nn.Tanh(), nn.Linear(16, 4))
        self.policy = nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, 1))

    def training_step(self, batch, batch_idx):
        state, tried, following = batch
        of_world, of_policy = self.optimizers()

        world_loss = F.mse_loss(self.world(torch.cat([state, tried], 1)), following)
        of_world.zero_grad()
        self.manual_backward(world_loss)
        of_world.step()

        action = torch.tanh(self.policy(state))  # expect: unused-parameter
        policy_loss = self.world(torch.cat([state, action], 1)).pow(2).mean()  # accept: unused-parameter
        of_policy.zero_grad()
        of_policy.step()
        self.log_dict({"world_loss": world_loss, "policy_loss": policy_loss})

    def configure_optimizers(self):
        return (
            torch.optim.Adam(self.world.parameters(), lr=1e-3),
            torch.optim.Adam(self.policy.parameters(), lr=1e-3),
        )


if __name__ == "__main__":
    L.seed_everything(0, verbose=False)
    state = torch.randn(96, 4)
    loader = DataLoader(TensorDataset(state, torch.rand(96, 1), state.roll(1, 1)), batch_size=8)
    trainer = L.Trainer(
        max_epochs=3, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False
    )
    trainer.fit(Agent(), loader)
