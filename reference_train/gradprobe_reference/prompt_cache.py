"""The cached prompt: batches read a copy of it, and what their losses want of it is saved up for Qwen."""

import torch
from torch import Tensor


class PromptCache:
    """A leaf copy of Qwen's prompt for the batches of one window, with the sum of the gradients that reach it.

    The graph behind `prompt` can be backpropagated once. So the batches use a leaf, and at the refresh
    `prompt.backward(cache.gradient)` sends the whole window's gradient to Qwen: by linearity of the backward pass,
    what the batches would have sent one by one with Qwen's weights held.

    Attributes:
        leaf: The copy, requiring grad, `[task, prompt]`.
        gradient: Sum of the batches' gradients, unscaled, `[task, prompt]`; None until one has arrived.
    """

    def __init__(self, prompt: Tensor) -> None:
        self.leaf = prompt.detach().requires_grad_()
        self.gradient: Tensor | None = None

    def rows(self, prompt_rows: Tensor) -> Tensor:
        """Look up the prompts of a batch, `[pair, prompt]`."""
        return self.leaf[prompt_rows]

    def collect(self, scale: Tensor) -> None:
        """Add the gradient that the last backward left, divided by the scaler's scale, which may change per batch.

        A batch that overflowed adds nothing, as its optimizer step is skipped too. Nothing is read by the host.

        Args:
            scale: The scale under which the last backward ran, a 0-d tensor on the device.
        """
        if self.leaf.grad is None:
            return
        gradient = self.leaf.grad / scale
        gradient = torch.where(gradient.isfinite().all(), gradient, torch.zeros_like(gradient))
        self.gradient = gradient if self.gradient is None else self.gradient + gradient
        self.leaf.grad = None
