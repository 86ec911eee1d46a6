"""early-zero-grad: gradients that are cleared before their optimizer steps with them."""

from gradprobe.values import LossReach, Observation, RelatedSite, Severity, Site
from gradprobe_checks import early_zero_grad
from tests.support.records import SITE, record

BACKWARD = Site("/home/user/train.py", 20, "main", "loss.backward()")
CLEARED = Site("/home/user/train.py", 19, "main", "optimizer.zero_grad()")


def run(used: int, discarded: int, taken: int = 0, empty: int = 0):
    book = Observation("gradient-book", SITE, detail={"optimizer": 0, "steps": 10, "stale": 0, "empty": empty}, key="0")
    detail = {"optimizer": 0, "used": used, "discarded": discarded, "taken": taken}
    detail |= {"foreign": 0, "least_at_once": 1, "most_at_once": 1}
    source = Observation("gradients-of", BACKWARD, (RelatedSite(CLEARED, "cleared here"),), detail=detail, key="0")
    return list(early_zero_grad.find(record({"net": ["weight"]}, steps=11, observations=[book, source])))


def test_all_but_the_last_micro_batch_are_lost():
    (finding,) = run(used=10, discarded=30)
    assert finding.location == CLEARED
    assert finding.severity is Severity.ERROR


def test_all_are_lost():
    (finding,) = run(used=0, discarded=10, empty=10)
    assert finding.parameters == ("net.weight",)


def test_gradients_that_the_script_took_for_itself_are_not_lost():
    assert not run(used=10, discarded=30, taken=2)


def test_batches_skipped_now_and_then():
    assert not run(used=10, discarded=9)
    assert run(used=10, discarded=10)


def two_losses(reached=(0, 1), owner=0, flowing=0.0, used_elsewhere=False):
    """An actor's loss whose gradients are always cleared, and a critic's that are used; both reach parameter 0."""
    other = Site("/home/user/train.py", 30, "main", "critic.backward()")
    book = Observation("gradient-book", SITE, detail={"optimizer": 0, "steps": 10, "stale": 0, "empty": 0}, key="0")
    lost = {"optimizer": 0, "used": 0, "discarded": 10, "foreign": 0, "least_at_once": 0, "most_at_once": 0}
    kept = {**lost, "used": 10, "discarded": 0}
    observations = [
        book,
        Observation("gradients-of", BACKWARD, (RelatedSite(CLEARED, "cleared here"),), detail=lost, key="0"),
        Observation("gradients-of", other, detail=kept, key="0"),
        LossReach(BACKWARD, "actor", reached, {}),
        LossReach(other, "critic", (0,), {}),
    ]
    if used_elsewhere:
        observations += [
            Observation("gradient-book", SITE, detail={"optimizer": 1, "steps": 10, "stale": 0, "empty": 0}, key="1"),
            Observation("gradients-of", BACKWARD, detail={**kept, "optimizer": 1}, key="1"),
        ]
    norms = {"net.actor": flowing or -1.0}
    made = record({"net": ["encoder", "actor"]}, norms=norms, steps=11, observations=observations)
    return list(early_zero_grad.find(made))


def test_a_loss_that_is_always_cleared_and_what_it_alone_would_train():
    (finding,) = two_losses()
    assert finding.location == CLEARED
    assert finding.parameters == ("net.actor",)


def test_a_loss_that_is_always_cleared_and_trains_nothing_alone():
    assert not two_losses(reached=(0,))  # A saliency map, an attack.
    assert not two_losses(flowing=1.0)
    assert not two_losses(used_elsewhere=True)  # A generator's.
