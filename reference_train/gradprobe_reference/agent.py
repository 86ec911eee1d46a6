"""The agent: it plans the output grid in steps, under the refined prompt."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gradprobe_reference.qwen import PROMPT_SIZE
from gradprobe_reference.tasks import COLOURS

CHANNELS = 32
PLAN_STEPS = 2
DROPOUT = 0.1
# LayerScale's smallest value (Touvron et al. 2021). It sets the size of Qwen's gradient: see docs/reference.md.
PROMPT_GATE = 1e-6


class Agent(nn.Module):
    """A small convolutional planner whose features the prompt shifts and scales (FiLM, Perez et al. 2018)."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Conv2d(COLOURS, CHANNELS, kernel_size=1)
        self.film = nn.Linear(PROMPT_SIZE, 2 * CHANNELS)
        self.look = nn.Conv2d(CHANNELS, CHANNELS, kernel_size=3, padding=1)
        self.think = nn.Conv2d(CHANNELS, CHANNELS, kernel_size=1)
        self.dropout = nn.Dropout2d(DROPOUT)
        self.paint = nn.Conv2d(CHANNELS, COLOURS, kernel_size=1)

    def forward(self, inputs: Tensor, prompt: Tensor) -> Tensor:
        """Plan the output grid; each step of the plan looks at its neighbourhood once more and repaints.

        Args:
            inputs: One-hot input grids, `[pair, colour, height, width]`.
            prompt: Refined prompts, `[pair, prompt]`.

        Returns:
            Logits of the colours after each step, `[step, pair, colour, height, width]`.
        """
        scale, shift = (PROMPT_GATE * self.film(prompt))[:, :, None, None].chunk(2, dim=1)  # each [pair, channel, 1, 1]
        hidden = self.embedding(inputs)  # [pair, channel, height, width]
        plan = []
        for _ in range(PLAN_STEPS):
            thought = F.gelu(self.look(hidden) * (1 + scale) + shift)
            hidden = hidden + self.dropout(self.think(thought))
            plan.append(self.paint(hidden))
        return torch.stack(plan)
