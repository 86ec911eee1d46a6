"""The refinement of the prompt runs without gradients."""

import torch
from torch import Tensor

from gradprobe_reference.faults.fault import Fault
from gradprobe_reference.pieces import Pieces
from gradprobe_reference.policy_rl import PolicyRL


class StrayNoGradPolicy(PolicyRL):
    """A policy whose refinement was once used for inference only, and still carries the decorator of that time."""

    @torch.no_grad()  # FAULT stray-no-grad
    def refine_prompt(self, prompt: Tensor, inputs: Tensor) -> Tensor:
        """Refine each pair's prompt, `[pair, prompt]`."""
        return super().refine_prompt(prompt, inputs)


FAULT = Fault(
    name="stray-no-grad",
    wrote="`@torch.no_grad()` above `refine_prompt`",
    follows="the refined prompt is a constant: nothing behind it is on the way of the loss",
    seen="every parameter of qwen and of policy_rl.refinement has no gradient; Qwen_grad stays 0, the agent learns on",
    pieces=Pieces(policy_rl=StrayNoGradPolicy),
)
