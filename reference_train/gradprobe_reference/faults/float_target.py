"""The targets are floats where class indices are due."""

from torch import Tensor

from gradprobe_reference.faults.fault import Fault
from gradprobe_reference.pieces import Pieces


def float_targets(outputs: Tensor) -> Tensor:
    """Turn grids of int8 into targets, `[pair, height, width]`."""
    return outputs.float()  # FAULT float-target


FAULT = Fault(
    name="float-target",
    wrote="`outputs.float()` where `outputs.long()` is due",
    follows="cross entropy takes floats for probabilities, and finds no dimension of colours in them",
    seen="RuntimeError from cross_entropy in the first batch",
    pieces=Pieces(class_targets=float_targets),
)
