"""The RL policy: it refines the prompt by an action, and learns from reward which actions pay."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.distributions import Normal

from gradprobe_reference.qwen import PROMPT_SIZE
from gradprobe_reference.tasks import COLOURS

ACTION_SIZE = 8
HIDDEN = 32
POLICY_LR = 1e-3
ENTROPY_WEIGHT = 0.01  # keeps the policy exploring


@dataclass(frozen=True, slots=True)
class Decision:
    """What the policy saw and did for a batch; no part of any graph.

    Attributes:
        observation: `[pair, observation]`.
        action: `[pair, action]`.
    """

    observation: Tensor
    action: Tensor


class PolicyRL(nn.Module):
    """A Gaussian policy over refinements of the prompt.

    Two things learn here, from two sources. `refinement` lies on the way of the main loss to Qwen, and the main
    optimizer owns it. `actor` and `log_deviation` choose the action; `optimizer` in here owns them and learns from
    reward alone, in `update`.
    """

    def __init__(self) -> None:
        super().__init__()
        self.actor = nn.Sequential(nn.Linear(PROMPT_SIZE + COLOURS, HIDDEN), nn.Tanh(), nn.Linear(HIDDEN, ACTION_SIZE))
        self.log_deviation = nn.Parameter(torch.full((ACTION_SIZE,), -1.0))
        self.refinement = nn.Linear(PROMPT_SIZE + ACTION_SIZE, PROMPT_SIZE)
        self.optimizer = torch.optim.AdamW([*self.actor.parameters(), self.log_deviation], lr=POLICY_LR)
        self.decision: Decision | None = None

    def refine_prompt(self, prompt: Tensor, inputs: Tensor) -> Tensor:
        """Refine each pair's prompt by an action drawn for it; the gradient passes to `prompt`.

        Args:
            prompt: Qwen's prompt of the pair's task, `[pair, prompt]`.
            inputs: One-hot input grids, `[pair, colour, height, width]`.

        Returns:
            The refined prompt, `[pair, prompt]`.
        """
        cells = inputs.sum(dim=(2, 3))  # [pair, colour]
        palette = cells / cells.sum(dim=1, keepdim=True)  # [pair, colour], padding left out
        observation = torch.cat([prompt, palette], dim=1)  # [pair, prompt + colour]
        actions = self.actions(observation)
        action = actions.rsample() if self.training else actions.mean  # [pair, action]
        self.decision = Decision(observation.detach(), action.detach())
        refinement: Tensor = self.refinement(torch.cat([prompt, action], dim=1))  # [pair, prompt]
        return prompt + refinement

    def actions(self, observation: Tensor) -> Normal:
        """Give the distribution of the actions `[pair, action]` for observations `[pair, observation]`."""
        mean = self.actor(observation).float()
        # validate_args would read the values back from the device.
        return Normal(mean, self.log_deviation.exp().expand_as(mean), validate_args=False)

    def update(self, reward: Tensor) -> None:
        """Learn from the reward of the last decision (REINFORCE, the batch's mean as baseline).

        Steps this policy's own optimizer, so it writes to weights that the main loss has saved for its backward:
        call it after that backward, and after `scaler.step()`.

        Args:
            reward: One reward per pair, `[pair]`, without gradient.
        """
        assert self.decision is not None, "refine_prompt() comes before update()"
        # The main loss has left its gradient in the actor too; the actor learns from reward alone.
        self.optimizer.zero_grad()
        self.policy_loss(self.decision, reward).backward()
        self.optimizer.step()

    def policy_loss(self, decision: Decision, reward: Tensor) -> Tensor:
        """Give the loss whose gradient makes actions of more than average reward more likely, a scalar."""
        actions = self.actions(decision.observation)
        log_probability: Tensor = actions.log_prob(decision.action).sum(1)  # [pair]
        advantage = reward - reward.mean()  # [pair]
        entropy: Tensor = actions.entropy()  # [pair, action]
        return -(advantage * log_probability).mean() - ENTROPY_WEIGHT * entropy.mean()
