"""How long a rank takes by itself in a step."""

import pytest

from gradprobe.recorder.ranks import pace
from gradprobe.recorder.ranks.pace import MOST, Pace


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until it is told to go on."""
    now = [100.0]

    def forward(seconds):
        now[0] += seconds

    monkeypatch.setattr(pace.time, "perf_counter", lambda: now[0])
    return forward


def step(one, clock, number, *, alone=(0.25,), backward=0.5, counts=True):
    for seconds in alone:
        clock(seconds)
        one.backward_begins()
        clock(backward)
        one.backward_ended()
    one.stepped(number, counts=counts)


def test_only_what_lies_between_backwards_is_done_alone(clock):
    one = Pace()
    for number in range(5):
        step(one, clock, number)
    assert one.fact() == pytest.approx([0.25, 0.75, 4])


def test_micro_batches_are_added_up(clock):
    one = Pace()
    for number in range(5):
        step(one, clock, number, alone=(0.25, 0.5))
    assert one.fact() == pytest.approx([0.75, 1.75, 4])


def test_two_optimizers_of_a_training_step_are_one_step(clock):
    """As those of a GAN, each after a backward of its own."""
    one = Pace()
    for number in range(9):
        step(one, clock, number, alone=(0.25,))
        step(one, clock, number, alone=(2.0,))
    assert one.fact() == pytest.approx([2.25, 3.25, 8])


def test_steps_in_which_nobody_waited_do_not_count(clock):
    one = Pace()
    for number in range(10):
        step(one, clock, number, alone=(0.25 if number % 2 else 3.0,), counts=bool(number % 2))
    assert one.fact() == pytest.approx([0.25, 0.75, 5])


def test_nothing_is_known_of_one_step(clock):
    one = Pace()
    step(one, clock, 0)
    assert one.fact() is None


def test_a_long_run_is_sampled_evenly(clock):
    one = Pace()
    steps = 5 * MOST
    for number in range(steps):
        step(one, clock, number, alone=(float(number),))
    middle, _, counted = one.fact()
    assert counted == steps - 1
    assert middle == pytest.approx(steps / 2, rel=0.02)
    assert len(one._alone) < MOST
