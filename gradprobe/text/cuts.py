"""What to say of a cut: what ends the gradient there, what to do, and the popular wrong fix."""

from __future__ import annotations

from typing import NamedTuple

from gradprobe.values import GradCut


class Words(NamedTuple):
    """Words about a cut.

    Attributes:
        how: Completes "the gradient ends here: …".
        fix: What to do.
    """

    how: str
    fix: str


def words_for(cut: GradCut) -> Words:
    """Return what to say of a cut."""
    code, operation = cut.site.code.partition("#")[0].rstrip(), cut.operation
    if cut.kind in ("no_grad", "inference_mode", "set_grad_enabled"):
        is_decorator = code.startswith("@")
        if is_decorator:
            fix = f"remove the decorator {code}; keep gradients off only around what needs no gradient, statistics for instance"
        elif cut.kind == "set_grad_enabled":
            fix = "let set_grad_enabled be on here, or end it before this runs: as a with block it ends by itself"
        else:
            fix = f"move what is to be trained out of the {cut.kind} block; keep it only around what needs no gradient"
        return Words(
            f"what runs below {cut.kind} leaves no graph ({operation} at line {cut.at.line} is the first)", fix
        )
    known = {
        "detach": Words(
            "detach() returns the value without its graph",
            "use the tensor itself here, without detach() or NumPy",
        ),
        "data": Words(".data returns the value without its graph", "use the tensor itself here, without .data"),
        "item": Words(
            f"{operation}() returns a Python number, which has no graph",
            "compute with the tensor itself; use item() only for what is printed or logged",
        ),
        "numpy": Words(
            "numpy() returns an array, which has no graph",
            "do this computation with torch's own functions, on the tensor itself",
        ),
        "tensor": Words(
            f"torch.{operation}(...) makes a new tensor of values, without their graph",
            "use the tensors themselves: torch.stack or torch.cat join them and keep the graph",
        ),
        "cast": Words(
            f"{operation}() makes integers of the values, and integers have no gradient",
            "keep the values floating-point on the way to the loss; cast only what is an index or a label",
        ),
        "index": Words(
            f"{operation} returns indices, and indices have no gradient (it is not differentiable)",
            "use the scores themselves: a softmax-weighted sum, gumbel_softmax(hard=True), or a loss on the scores",
        ),
        "comparison": Words(
            f"{operation} compares, and its result is not differentiable",
            "use a smooth function instead of the comparison, a sigmoid for instance, or a straight-through estimator",
        ),
        "rounding": Words(
            f"{operation} is flat: its gradient is zero everywhere",
            "use a straight-through estimator, x + (x.round() - x).detach(), or leave the rounding out of training",
        ),
        "draw": Words(
            f"{operation} draws at random, and gives no gradient to what it draws by (zeros, in fact)",
            "for a normal distribution use mean + deviation * torch.randn_like(deviation), or Normal(...).rsample(); otherwise "
            "train by the log probability of what was drawn (REINFORCE)",
        ),
        "sample": Words(
            "a sample drawn by sample() has no gradient to the distribution's parameters",
            "use rsample(), or train by the log probability of the sample (REINFORCE)",
        ),
        "custom-function": Words(
            f"the custom function {operation} gave a result that does not require a gradient",
            "let its forward use its tensor arguments, and its backward return their gradients",
        ),
        "checkpoint": Words(
            "a reentrant checkpoint gives no gradient where none of its inputs requires one",
            "call checkpoint(..., use_reentrant=False), or let an input require a gradient "
            "(model.enable_input_require_grads() in transformers)",
        ),
        "integer": Words(
            f"{operation} gave integers, and integers have no gradient", "keep the values floating-point up to the loss"
        ),
    }
    return known.get(
        cut.kind,
        Words(
            f"{operation} gave a result without a graph", f"find a differentiable way to do what {operation} does here"
        ),
    )
