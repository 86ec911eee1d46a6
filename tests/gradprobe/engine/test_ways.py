"""The way of each loss, in the words of the model."""

from gradprobe.engine.health import module_health
from gradprobe.engine.norms import module_norms
from gradprobe.engine.ways import reached, ways, whole_modules
from gradprobe.values import GradCut, LossReach, ModuleState, Site
from tests.support.records import record

CUT = Site("/home/user/net.py", 9, "Net.features", "@torch.no_grad()")
AT = Site("/home/user/net.py", 11, "Net.features", "return self.encoder(x)")
BACKWARD = Site("/home/user/train.py", 30, "main", "loss.backward()")

# Positions: 0 and 1 encoder, 2 and 3 head, 4 pool.
MODULES = {"net.encoder": ["weight", "bias"], "net.head": ["weight", "bias"], "net.pool": ["weight"]}
NO_GRADIENT = {"net.encoder.weight": -1.0, "net.encoder.bias": -1.0, "net.pool.weight": -1.0}


def made(*observations, **parts):
    return record(MODULES, {**NO_GRADIENT, **parts.pop("norms", {})}, steps=5, observations=observations, **parts)


def state_of(one, name):
    return next(row.state for row in module_health(one, module_norms(one)) if row.name == name)


SEVERED = (GradCut(7, "no_grad", CUT, "linear", AT), LossReach(BACKWARD, "loss", (2, 3), {7: (0, 1)}))


def test_a_way_tells_what_is_reached_and_where_the_rest_ends():
    (way,) = ways(made(*SEVERED))
    assert (way.loss, way.site, way.reached, way.parameters) == ("loss", BACKWARD, ("net.head",), 2)
    (barrier,) = way.barriers
    assert (barrier.kind, barrier.site, barrier.at) == ("no_grad", CUT, AT)
    assert (barrier.modules, barrier.parameters) == (("net.encoder",), 2)


def test_what_is_reached_on_another_way_is_behind_no_barrier():
    (way,) = ways(made(SEVERED[0], LossReach(BACKWARD, "loss", (0, 1, 2, 3), {7: (0, 1)})))
    assert way.barriers == ()


def test_losses_with_an_end_come_first():
    whole = LossReach(Site("/home/user/train.py", 20), "aux", (2, 3), {})
    assert [way.loss for way in ways(made(*SEVERED[:1], whole, SEVERED[1]))] == ["loss", "aux"]


def test_states_tell_severed_from_unused_from_what_nobody_knows():
    assert state_of(made(*SEVERED), "net.encoder") is ModuleState.SEVERED
    assert state_of(made(*SEVERED), "net.pool") is ModuleState.UNUSED
    assert state_of(made(*SEVERED), "net.head") is ModuleState.FLOWS
    # Without deep steps nothing is known but that it had no gradient.
    assert state_of(made(), "net.encoder") is ModuleState.NO_GRADIENT
    # A loss reaches it and it has no gradient all the same: cleared before the step, for instance.
    assert state_of(made(LossReach(BACKWARD, "loss", (0, 1, 2, 3), {})), "net.encoder") is ModuleState.NO_GRADIENT
    # A gradient of zeros is there.
    zero = made(*SEVERED, norms={"net.encoder.weight": 0.0})
    assert state_of(zero, "net.encoder") is ModuleState.ZERO


def test_a_parameter_that_some_other_loss_reaches_is_not_severed():
    other = LossReach(Site("/home/user/train.py", 40), "aux", (0, 1), {})
    found = reached(made(*SEVERED, other))
    assert (found.live, found.severed) == (frozenset({0, 1, 2, 3}), frozenset())


def test_modules_are_named_as_wholes():
    one = made()
    assert whole_modules(one, {0, 1, 2, 3, 4}) == ("net",)
    assert whole_modules(one, {0, 1, 2, 3}) == ("net.encoder", "net.head")
    assert whole_modules(one, {0, 4}) == ("net.pool", "net.encoder.weight")
    assert whole_modules(one, ()) == ()
    # What is frozen does not keep a module from being whole.
    frozen = record(MODULES, frozen=["net.pool"], steps=1)
    assert whole_modules(frozen, {0, 1, 2, 3}) == ("net",)
    assert whole_modules(frozen, {4}) == ("net.pool",)
