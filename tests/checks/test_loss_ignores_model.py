"""loss-ignores-model: whole models only, without a gradient or with one of penalties alone."""

from gradprobe.values import Confidence, LossReach, Observation, RelatedSite, Severity, Site
from gradprobe.values.step import NO_GRADIENT
from gradprobe_checks.loss_ignores_model import CHECK, ENOUGH, ignored_parameters
from tests.support.records import record

LOSS = Site("/home/user/train.py", 8, "<module>", "loss = F.mse_loss(noisy, clean)")
BACKWARD = Site("/home/user/train.py", 10, "<module>", "loss.backward()")
MODEL = {"model.encoder": ["weight"], "model.decoder": ["weight"]}
NAMES = ("model.encoder.weight", "model.decoder.weight")
NONE = dict.fromkeys(NAMES, NO_GRADIENT)


def ignored(*names, steps=3):
    return Observation("forward-ignored", LOSS, (RelatedSite(BACKWARD, "backward"),), names, {"steps": steps})


def run(*observations, norms=None, steps=40, **options):
    return record(MODEL, norms, steps=steps, observations=observations, **options)


def test_a_model_without_any_gradient_is_an_error_at_the_line_of_the_loss():
    one = run(ignored(*NAMES), norms=NONE)
    [finding] = CHECK.find(one)

    assert (finding.severity, finding.confidence) == (Severity.ERROR, Confidence.CERTAIN)
    assert (finding.location, finding.modules) == (LOSS, ("model",))
    assert ignored_parameters(one) == {0, 1}


def test_a_penalty_alone_is_sure_once_enough_steps_were_looked_at():
    reach = LossReach(BACKWARD, "loss", reached=(0, 1), cut={})
    assert [one.severity for one in CHECK.find(run(ignored(*NAMES), reach))] == [Severity.WARNING]
    assert [one.severity for one in CHECK.find(run(ignored(*NAMES, steps=ENOUGH), reach))] == [Severity.ERROR]


def test_quiet_about_a_part_and_about_a_model_that_came_into_a_loss_later():
    assert not list(CHECK.find(run(ignored(), norms=NONE)))
    assert not list(CHECK.find(run(ignored(NAMES[0]), norms={NAMES[0]: NO_GRADIENT}, frozen=[], unowned=[NAMES[1]])))


def test_quiet_before_three_steps():
    assert not list(CHECK.find(run(ignored(*NAMES), norms=NONE, steps=2)))
