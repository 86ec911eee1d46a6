"""The main optimizer: everything on the way of the main loss."""

from torch.optim import AdamW

from gradprobe_reference.agent import Agent
from gradprobe_reference.policy_rl import PolicyRL
from gradprobe_reference.qwen import QwenPrompter
from gradprobe_reference.settings import Settings

EPS = 1e-12  # behind the prompt's gate gradients are of the size of Adam's usual 1e-8, which would swallow their steps


def build_optimizer(qwen: QwenPrompter, policy_rl: PolicyRL, agent: Agent, settings: Settings) -> AdamW:
    """Hand the agent, the prompt's refinement and Qwen to one optimizer, so that one `scaler.step` serves them all.

    Between refreshes Qwen has no gradient (None), and AdamW leaves such parameters and their moments as they are: in
    effect Qwen steps at a refresh only.
    """
    groups = [
        {"params": agent.parameters(), "lr": settings.agent_lr},
        {"params": policy_rl.refinement.parameters(), "lr": settings.agent_lr},
        {"params": qwen.parameters(), "lr": settings.qwen_lr},
    ]
    # On CUDA the fused step takes the scaler's verdict on overflow on the device; the others ask the host.
    return AdamW(groups, eps=EPS, fused=settings.device.startswith("cuda"))
