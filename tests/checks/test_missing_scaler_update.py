"""missing-scaler-update: steps with scaled gradients, losses that were never scaled, and what the scaler itself says."""

from gradprobe.values import Backward, Crashed, LossReach, Observation, OptimizerStep, ScalerCall, Severity, Site
from gradprobe_checks.missing_scaler_update import CHECK
from tests.support.records import record

AT = Site("/home/user/train.py", 7, "<module>", "scaler.scale(loss).backward()")
SCALED, PLAIN = Backward(AT, "loss", scaled=True), Backward(AT, "loss")
STEP = Site("/home/user/train.py", 9, "<module>", "optimizer.step()")
DIRECT = OptimizerStep(STEP, 0)
BY_SCALER = (ScalerCall(STEP, "step"), DIRECT, ScalerCall(STEP, "update"))
OTHER = Backward(Site("/home/user/train.py", 8), "other")


def found(*calls, steps=5, **options):
    return list(CHECK.find(record({"model": ["weight"]}, steps=steps, calls=calls, **options)))


def test_a_direct_step_with_scaled_gradients_is_named_a_warning_for_adam():
    [finding] = found(SCALED, DIRECT)
    assert (finding.severity, finding.location) == (Severity.WARNING, STEP)  # AdamW, in records written by hand


def test_the_protocol_is_quiet_and_so_are_plain_losses():
    assert not found(SCALED, *BY_SCALER)
    assert not found(PLAIN, DIRECT)
    assert not found(SCALED, ScalerCall(AT, "unscale_"), DIRECT)
    assert not found(SCALED, DIRECT, steps=2)


def test_gradients_unscaled_by_hand_are_quiet():
    assert not found(SCALED, DIRECT, observations=[Observation("unscaled-by-hand", AT)])


def test_a_loss_that_was_never_scaled_is_divided_all_the_same():
    [finding] = found(PLAIN, *BY_SCALER)
    assert finding.location == AT
    assert "too small" in finding.message


def test_a_scaled_loss_that_does_not_reach_the_optimizer_is_not_its_own():
    reaches = [LossReach(AT, "loss", reached=(), cut={}), LossReach(OTHER.site, "other", reached=(0,), cut={})]
    assert not found(SCALED, OTHER, DIRECT, observations=reaches)


def crashed(message, type_="RuntimeError"):
    [finding] = found(SCALED, DIRECT, incidents=[Crashed(AT, type_, message, "optimizer step")])
    return finding


def test_what_the_scaler_says_is_one_finding():
    assert "update() is missing" in crashed("step() has already been called since the last update().").title
    assert "micro-batch" in crashed("unscale_() has already been called on this optimizer since the last update().").fix
    assert crashed("No inf checks were recorded prior to update.", "AssertionError").location == STEP
    assert crashed("... your script did not use scaler.scale(loss or outputs) earlier", "AssertionError").location == AT
