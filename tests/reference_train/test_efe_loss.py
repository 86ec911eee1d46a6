import math

import pytest
import torch

from gradprobe_reference.batches import PADDING
from gradprobe_reference.efe_loss import class_targets, efe_loss, efe_terms, reward_of


def _plan():
    """Two steps of a plan for one grid of two cells and a padded one; colours 2 to 9 are all but impossible.

    Cell 0 is planned 50:50 between colours 0 and 1 in both steps. Cell 1 is 50:50 in the first step, and in the
    second 1:3.
    """
    plan = torch.full((2, 1, 10, 1, 3), -1e4)
    plan[:, 0, :2, 0, :] = 0.0
    plan[1, 0, 1, 0, 1] = math.log(3)
    return plan


def test_terms_against_hand_computed_numbers():
    terms = efe_terms(_plan(), torch.tensor([[[0, 1, PADDING]]]))
    # true colours have probabilities 1/2 and 3/4
    assert terms.risk.item() == pytest.approx((math.log(2) + math.log(4 / 3)) / 2)
    # entropies: ln 2, and 1/4 ln 4 + 3/4 ln 4/3
    assert terms.ambiguity.item() == pytest.approx((math.log(2) + math.log(4) / 4 + 0.75 * math.log(4 / 3)) / 2)
    # only cell 1 changes, two colours by 1/4 each: (2 * 1/16) / 2 cells
    assert terms.consistency.item() == pytest.approx(1 / 16)
    assert terms.mask_ratio.item() == pytest.approx(0.0, abs=1e-6)  # 1/2 is not below 1/2
    assert terms.certainty.item() == pytest.approx((1 / 2 + 3 / 4) / 2)
    assert reward_of(terms).item() == pytest.approx(5 * 0.625)


def test_a_cell_is_hard_when_its_true_colour_is_below_one_half():
    terms = efe_terms(_plan(), torch.tensor([[[0, 0, PADDING]]]))  # cell 1: 1/4
    assert terms.mask_ratio.item() == pytest.approx(0.5)
    # colour 0 ties in cell 0 and argmax takes the first; in cell 1 the plan says colour 1
    assert terms.accuracy.item() == pytest.approx(0.5)


@pytest.mark.parametrize(("epoch", "curriculum_weight"), [(0, 0.6), (1, 0.3), (7, 0.3)])
def test_the_loss_weighs_risk_by_hard_cells_and_consistency_by_the_curriculum(epoch, curriculum_weight):
    terms = efe_terms(_plan(), torch.tensor([[[0, 0, PADDING]]]))
    expected = (
        (0.5 + 0.5 * 0.5) * terms.risk.item()
        + 0.1 * terms.ambiguity.item()
        + curriculum_weight * terms.consistency.item()
    )
    assert efe_loss(terms, epoch).item() == pytest.approx(expected)


def test_padding_gets_no_gradient():
    plan = torch.randn(2, 1, 10, 1, 3, requires_grad=True)
    efe_loss(efe_terms(plan, torch.tensor([[[0, 1, PADDING]]])), 0).backward()
    assert (plan.grad[..., 2] == 0).all()
    assert (plan.grad[..., :2] != 0).any()


def test_targets_are_class_indices():
    assert class_targets(torch.tensor([[[3, PADDING]]], dtype=torch.int8)).dtype == torch.int64
