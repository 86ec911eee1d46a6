"""What a run says: a line every ten batches, and its metrics to gradprobe where it records."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from gradprobe_reference.efe_loss import EFETerms

try:
    from gradprobe import log as log_to_gradprobe
except ImportError:  # the program runs without gradprobe

    def log_to_gradprobe(**metrics: object) -> None:
        """Take the metrics and do nothing: gradprobe is not installed."""


PRINT_EVERY = 10  # batches; printing reads from the device, nothing else does


@dataclass(frozen=True, slots=True)
class BatchReport:
    """The measurements of one batch, 0-d tensors still on the device.

    Attributes:
        batch: Index of the batch in the run.
        qwen_grad: L2 norm of the gradient that Qwen's parameters were last stepped with, unscaled; None before that.
        validation: Share of right cells on the test pairs, measured just before an epoch's first batch; else None.
        metrics: Means over the batch, by name: loss, mask_ratio, reward, risk, ambiguity, consistency.
    """

    batch: int
    qwen_grad: Tensor | None
    validation: Tensor | None
    metrics: dict[str, Tensor]


Report = Callable[[BatchReport], None]


def print_and_log(report: BatchReport) -> None:
    """Log every batch's metrics to gradprobe; print every tenth batch, and the validation of each epoch."""
    log_to_gradprobe(**report.metrics)
    if report.validation is not None:
        print(f"Validation before batch {report.batch}: {float(report.validation):.1%} of the cells right", flush=True)
    if report.batch % PRINT_EVERY == 0:
        print(line(report), flush=True)


def line(report: BatchReport) -> str:
    """Format a batch as the quick reference writes it; reads from the device."""
    qwen_grad = 0.0 if report.qwen_grad is None else float(report.qwen_grad)
    return (
        f"Batch {report.batch}: Qwen_grad: {qwen_grad:.2e}{' (computing)' if report.qwen_grad is None else ''}  "
        f"Loss: {float(report.metrics['loss']):.4f}  "
        f"Mask_ratio: {float(report.metrics['mask_ratio']):.3f}  "
        f"Reward: {float(report.metrics['reward']):+.3f}"
    )


def metrics(loss: Tensor, reward: Tensor, terms: EFETerms) -> dict[str, Tensor]:
    """Average what a batch measured over its pairs, without gradient; risk and loss are in nats."""
    return {
        "loss": loss.detach(),
        "mask_ratio": terms.mask_ratio.mean(),
        "reward": reward.mean(),
        "risk": terms.risk.detach().mean(),
        "ambiguity": terms.ambiguity.detach().mean(),
        "consistency": terms.consistency.detach().mean(),
    }


def gradient_norm(module: nn.Module) -> Tensor:
    """Measure the L2 norm over all gradients of a module, a 0-d tensor on its device; zero where there is none."""
    gradients = [parameter.grad for parameter in module.parameters() if parameter.grad is not None]
    if not gradients:
        return torch.zeros(())
    norms = torch.stack([torch.linalg.vector_norm(gradient) for gradient in gradients])
    total: Tensor = torch.linalg.vector_norm(norms)
    return total
