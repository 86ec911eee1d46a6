"""clip-before-unscale: whether clipping had an effect, by hand and by torch, and norms that are merely read."""

import pytest

from gradprobe.record.record import CallSeen
from gradprobe.values import Backward, ClipCall, Observation, ScalerCall, Severity, Site, ZeroGrad
from gradprobe_checks.clip_before_unscale import CHECK
from tests.support.records import record

CLIP = Site("/home/user/train.py", 8, "<module>", "clip_grad_norm_(model.parameters(), 1.0)")
BACKWARD = Backward(Site("/home/user/train.py", 7, "<module>", "scaler.scale(loss).backward()"), "loss", scaled=True)
STEP = ScalerCall(Site("/home/user/train.py", 9, "<module>", "scaler.step(optimizer)"), "step")
ZERO = ZeroGrad(Site("/home/user/train.py", 6), "optimizer 0")
SCALE = 65536.0


def found(limit=1.0, *, kind="norm", still_scaled=True, total=2 * SCALE, norms=1.0):
    metrics = {"loss_scale": [SCALE] * 4, "scaled_grad_norm_before_clip": [total] * 4}
    calls = [BACKWARD, ClipCall(CLIP, kind, limit, still_scaled), STEP]
    return list(CHECK.find(record({"model": ["weight"]}, {"model.weight": norms}, metrics, steps=4, calls=calls)))


def test_clipping_scaled_gradients_is_an_error_at_its_line():
    [finding] = found()

    assert (finding.severity, finding.location) == (Severity.ERROR, CLIP)
    assert "65536" in finding.message
    assert "1.526e-05" in finding.message  # 1 / 65536
    assert [one.role for one in finding.related] == ["backward", "unscaled only here"]


def test_quiet_once_unscaled():
    assert not found(still_scaled=False)


@pytest.mark.parametrize(("limit", "total"), [(3 * SCALE, 2 * SCALE), (float("inf"), 2 * SCALE), (2.0, 2.0)])
def test_without_an_effect_it_is_a_remark(limit, total):
    assert [one.severity for one in found(limit, total=total)] == [Severity.INFO]


def test_values_were_clipped_where_norms_lie_below_what_is_left():
    bound = 1.0 / SCALE * 2  # Four elements of at most 1 / scale each.
    assert [one.severity for one in found(kind="value", norms=bound)] == [Severity.ERROR]
    assert [one.severity for one in found(kind="value", norms=1.1 * bound)] == [Severity.INFO]


def by_hand(kind, limit=None):
    detail = {"kind": kind, "operation": "norm", "scale": SCALE, "limit": limit}
    return Observation("scaled-gradients", CLIP, parameters=("model.weight",), detail=detail, key=kind)


def hand_made(*observations, steps=4, backwards=4):
    calls = [CallSeen(BACKWARD, 0, 3, backwards), CallSeen(ZERO, 0, 3, backwards), CallSeen(STEP, 0, 3, steps)]
    return list(CHECK.find(record({"model": ["weight"]}, steps=4, calls=calls, observations=observations)))


def test_by_hand_it_is_an_error_and_the_norm_that_was_read_for_it_goes_under():
    [finding] = hand_made(by_hand("read"), by_hand("clipped"))
    assert finding.severity is Severity.ERROR
    [finding] = hand_made(by_hand("clamped", 0.5))
    assert "7.629e-06" in finding.message  # 0.5 / 65536


@pytest.mark.parametrize(("steps", "severity"), [(4, Severity.INFO), (2, Severity.INFO), (1, Severity.WARNING)])
def test_a_norm_that_is_read_matters_where_batches_are_dropped(steps, severity):
    assert [one.severity for one in hand_made(by_hand("read"), steps=steps)] == [severity]
