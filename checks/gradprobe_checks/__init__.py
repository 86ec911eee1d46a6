"""The checks: one file each, listed in `CHECKS`; the docstring of a check's module is its documentation page."""

from gradprobe.extensions import Check
from gradprobe_checks import (
    backward_error,
    loss_without_graph,
    missing_gradient,
    non_finite_gradient,
    severed_gradient,
)

CHECKS: tuple[Check, ...] = (
    missing_gradient.CHECK,
    severed_gradient.CHECK,
    loss_without_graph.CHECK,
    backward_error.CHECK,
    non_finite_gradient.CHECK,
)

__all__ = ["CHECKS"]
