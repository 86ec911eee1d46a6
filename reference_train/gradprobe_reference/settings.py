"""The options of one run."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """What the command line decides; everything else is a constant beside the code that reads it.

    Attributes:
        epochs: Passes over the training pairs; one pass is `batches.BATCHES_PER_EPOCH` batches.
        max_batches: Batches after which training ends, counted over all epochs; None for no limit.
        agent_lr: Learning rate of the agent and of the prompt's refinement.
        qwen_lr: Learning rate of Qwen.
        qwen_model: Folder or hub name of a Qwen2 to load; None for a small one built from its configuration.
        device: A device as torch writes it, for instance `cpu` or `cuda`.
        mixed_precision: Whether to train in float16 autocast under a GradScaler; meant for CUDA.
        seed: Seed of weights, of the order of the pairs, of dropout and of the policy's actions.
    """

    epochs: int = 2
    max_batches: int | None = None
    agent_lr: float = 4e-4
    qwen_lr: float = 5e-5
    qwen_model: str | None = None
    device: str = "cpu"
    mixed_precision: bool = False
    seed: int = 0
