"""Expected free energy of a plan, in three terms, and what is read off the plan beside it.

The decomposition into risk and ambiguity is that of active inference (Friston et al. 2015, "Active inference and
epistemic value"); consistency is this program's third term: a plan should not change its mind from step to step.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from gradprobe_reference.batches import PADDING

REWARD_SCALE = 5.0
AMBIGUITY_WEIGHT = 0.1
CURRICULUM_WEIGHT = 0.6  # of consistency, in the first epoch
LATER_CURRICULUM_WEIGHT = 0.3


@dataclass(frozen=True, slots=True)
class EFETerms:
    """The terms of the expected free energy, one value per pair, each a mean over the cells of its grid.

    Attributes:
        risk: Cross entropy between the preferred outcome (the true colours) and the plan's, nats, `[pair]`.
        ambiguity: Entropy of the plan's colours, nats, `[pair]`.
        consistency: Squared distance between the colours of successive plan steps, 0 to 2, `[pair]`.
        mask_ratio: Share of hard cells, whose true colour has a probability below one half; no gradient, `[pair]`.
        accuracy: Share of cells whose likeliest colour is the true one; no gradient, `[pair]`.
        certainty: Mean probability of the true colour; no gradient, `[pair]`.
    """

    risk: Tensor
    ambiguity: Tensor
    consistency: Tensor
    mask_ratio: Tensor
    accuracy: Tensor
    certainty: Tensor


def class_targets(outputs: Tensor) -> Tensor:
    """Turn grids of int8 into the class indices that cross entropy asks for, int64, `[pair, height, width]`."""
    return outputs.long()


def efe_terms(plan: Tensor, targets: Tensor) -> EFETerms:
    """Evaluate a plan against the true colours.

    Args:
        plan: Logits, `[step, pair, colour, height, width]`.
        targets: Class indices or PADDING, `[pair, height, width]`.
    """
    is_cell = (targets != PADDING).float()  # [pair, height, width]
    log_probabilities = plan.float().log_softmax(dim=2)  # [step, pair, colour, height, width]
    probabilities = log_probabilities.exp()
    risk = F.cross_entropy(plan[-1].float(), targets, reduction="none", ignore_index=PADDING)  # [pair, height, width]
    entropy = -(probabilities[-1] * log_probabilities[-1]).sum(1)  # [pair, height, width]
    change = probabilities.diff(dim=0).square().sum(2).mean(0)  # [pair, height, width]
    true_probability = torch.exp(-risk.detach())  # [pair, height, width]
    is_hard = (true_probability < 0.5).float()
    is_right = (plan[-1].argmax(1) == targets).float()
    return EFETerms(
        risk=_mean_over_cells(risk, is_cell),
        ambiguity=_mean_over_cells(entropy, is_cell),
        consistency=_mean_over_cells(change, is_cell),
        mask_ratio=_mean_over_cells(is_hard, is_cell),
        accuracy=_mean_over_cells(is_right, is_cell),
        certainty=_mean_over_cells(true_probability, is_cell),
    )


def efe_loss(terms: EFETerms, epoch: int) -> Tensor:
    """Weigh the terms into the main loss, a scalar.

    Hard-cell weight: a pair counts between a half (no hard cell left) and one (all cells hard). The curriculum weight
    applies to consistency alone, the smallest term: its fall after the first epoch must not pass for learning.
    """
    hard_cell_weight = 0.5 + 0.5 * terms.mask_ratio  # [pair]
    curriculum_weight = CURRICULUM_WEIGHT if epoch < 1 else LATER_CURRICULUM_WEIGHT
    free_energy = hard_cell_weight * terms.risk + AMBIGUITY_WEIGHT * terms.ambiguity
    return (free_energy + curriculum_weight * terms.consistency).mean()


def reward_of(terms: EFETerms) -> Tensor:
    """Reward each pair between 0 (surely wrong in every cell) and 5 (surely right in every cell), `[pair]`."""
    return terms.certainty * REWARD_SCALE


def _mean_over_cells(values: Tensor, is_cell: Tensor) -> Tensor:
    return (values * is_cell).sum(dim=(1, 2)) / is_cell.sum(dim=(1, 2))  # [pair]
