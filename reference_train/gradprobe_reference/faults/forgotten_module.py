"""Qwen is missing from the optimizer."""

from torch.optim import AdamW

from gradprobe_reference.agent import Agent
from gradprobe_reference.faults.fault import Fault
from gradprobe_reference.optimizer import EPS
from gradprobe_reference.pieces import Pieces
from gradprobe_reference.policy_rl import PolicyRL
from gradprobe_reference.qwen import QwenPrompter
from gradprobe_reference.settings import Settings


def optimizer_without_qwen(qwen: QwenPrompter, policy_rl: PolicyRL, agent: Agent, settings: Settings) -> AdamW:
    """Hand what trains to one optimizer, or so it seems."""
    groups = [
        {"params": agent.parameters(), "lr": settings.agent_lr},
        {"params": policy_rl.refinement.parameters(), "lr": settings.agent_lr},
    ]
    return AdamW(groups, eps=EPS, fused=settings.device.startswith("cuda"))  # FAULT forgotten-module


FAULT = Fault(
    name="forgotten-module",
    wrote="an optimizer without `qwen.parameters()`",
    follows="Qwen's gradients arrive, and nobody steps them or clears them",
    seen="no parameter of qwen ever moves; Qwen_grad grows from refresh to refresh, scaled by the GradScaler on CUDA",
    pieces=Pieces(build_optimizer=optimizer_without_qwen),
)
