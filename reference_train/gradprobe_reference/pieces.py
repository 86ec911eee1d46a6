"""The pieces that the training loop is put together from; each fault swaps one of them."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor
from torch.optim import Optimizer

from gradprobe_reference.agent import Agent
from gradprobe_reference.batches import Window
from gradprobe_reference.efe_loss import class_targets
from gradprobe_reference.optimizer import build_optimizer
from gradprobe_reference.policy_rl import PolicyRL
from gradprobe_reference.prompt_cache import PromptCache
from gradprobe_reference.qwen import QwenPrompter
from gradprobe_reference.settings import Settings
from gradprobe_reference.validation import validate


@dataclass(frozen=True, slots=True)
class Pieces:
    """What a run is made of; the defaults are the healthy program."""

    qwen: type[QwenPrompter] = QwenPrompter
    policy_rl: type[PolicyRL] = PolicyRL
    agent: type[Agent] = Agent
    prompt_cache: type[PromptCache] = PromptCache
    class_targets: Callable[[Tensor], Tensor] = class_targets
    build_optimizer: Callable[[QwenPrompter, PolicyRL, Agent, Settings], Optimizer] = build_optimizer
    validate: Callable[[QwenPrompter, PolicyRL, Agent, Window], Tensor] = validate


@dataclass(frozen=True, slots=True)
class Trained:
    """What a run leaves behind.

    Attributes:
        qwen: The trained Qwen.
        policy_rl: The trained policy.
        agent: The trained agent.
        optimizer: The main optimizer, with its state.
    """

    qwen: QwenPrompter
    policy_rl: PolicyRL
    agent: Agent
    optimizer: Optimizer
