"""The checks: one file each, listed in `CHECKS`; the docstring of a check's module is its documentation page."""

from gradprobe.extensions import Check
from gradprobe_checks import (
    backward_error,
    clip_without_effect,
    early_zero_grad,
    frozen_parameter,
    grad_mode_leak,
    graph_reuse,
    growing_graph,
    in_place_write,
    ineffective_detach,
    loss_without_graph,
    missing_detach,
    missing_gradient,
    missing_zero_grad,
    non_finite_gradient,
    severed_gradient,
    silent_overwrite,
    unused_parameter,
)

CHECKS: tuple[Check, ...] = (
    missing_gradient.CHECK,
    severed_gradient.CHECK,
    loss_without_graph.CHECK,
    unused_parameter.CHECK,
    frozen_parameter.CHECK,
    missing_detach.CHECK,
    ineffective_detach.CHECK,
    graph_reuse.CHECK,
    in_place_write.CHECK,
    silent_overwrite.CHECK,
    growing_graph.CHECK,
    backward_error.CHECK,
    non_finite_gradient.CHECK,
    missing_zero_grad.CHECK,
    early_zero_grad.CHECK,
    clip_without_effect.CHECK,
    grad_mode_leak.CHECK,
)

__all__ = ["CHECKS"]
