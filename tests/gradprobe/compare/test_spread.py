"""Levels, spreads and how far chance reaches, on numbers worked out by hand and by simulation."""

import math

import numpy as np
import pytest

from gradprobe.compare.spread import Level, about_a_line, baseline_of, level_of, reach


def level(values, span=None, first=0, last=None):
    index = np.arange(len(values))
    spans = np.ones(len(values), np.int64) if span is None else np.array(span)
    return level_of(index, spans, np.array(values, np.float64), first, len(values) - 1 if last is None else last)


def test_level_is_the_median_of_the_steps_that_count():
    assert level([100.0, 1.0, 2.0, 3.0, 100.0], first=1, last=3).value == 2.0
    assert level([1.0, -5.0, 3.0]).value == 1.0  # Below zero as well.


def test_level_weighs_rows_by_the_steps_they_stand_for():
    assert level([1.0, 2.0, 3.0], span=[1, 1, 8]).value == 3.0


def test_no_value_is_no_level():
    assert level([1.0, 2.0], first=5, last=9) is None


def test_spread_is_that_of_blocks_about_a_line():
    """A straight line has travel and no spread: blocks of 2 have medians 0.5, 2.5, …, 14.5."""
    line = level(np.arange(16.0))
    assert (line.travel, line.freedom) == (14.0, 6)
    assert line.within == pytest.approx(0.0, abs=1e-20)
    # +1, -1, +1, -1: the best line is -0.6 x + 0.9 - 0 … by least squares: slope -0.4, rest 0.4, -1.2, 1.2, -0.4.
    rest, freedom = about_a_line(np.arange(4.0), np.array([1.0, -1.0, 1.0, -1.0]))
    assert (rest, freedom) == (pytest.approx((0.16 + 1.44 + 1.44 + 0.16) / 2), 2)


def test_too_few_blocks_tell_no_spread():
    few = level([1.0, 2.0, 3.0])
    assert math.isnan(few.within) and few.freedom == 0
    assert reach(baseline_of([few]), looks=1) == math.inf


def test_pooled():
    """Two runs at 0 and 2 vary by 2 with 1 degree of freedom, blocks by 0.5 with 3: (1 * 2 + 3 * 0.5) / 4."""
    pooled = baseline_of([Level(0.0, 1.0, 0.5, 3), Level(2.0, 3.0, 0.5, 3)])
    assert (pooled.value, pooled.travel, pooled.freedom, pooled.runs) == (1.0, 2.0, 4, 2)
    assert pooled.deviation**2 == pytest.approx(3.5 / 4)


def test_reach_is_students():
    """Student's 0.995 quantile with 6 degrees of freedom is 3.707 (any table); one baseline counts twice."""
    one = baseline_of([Level(0.0, 0.0, 4.0, 6)])
    assert reach(one, looks=1) == pytest.approx(3.707 * 2.0 * math.sqrt(2), rel=1e-3)
    assert reach(one, looks=2) == pytest.approx(4.317 * 2.0 * math.sqrt(2), rel=1e-3)  # The 0.9975 quantile.


@pytest.mark.parametrize("runs", [1, 4])
def test_runs_alike_but_for_autocorrelated_noise_are_within_reach(runs):
    """1,000 pairs, each series with noise that forgets half in five steps: about 1 in 100 may be further."""
    random = np.random.default_rng(runs)
    outside = 0
    for _ in range(1000):
        series = _autocorrelated(random, runs + 1)
        levels = [level(one) for one in series]
        base = baseline_of(levels[:-1])
        outside += abs(levels[-1].value - base.value) > reach(base, looks=1)
    # A mean of 10, deviation 3.2; blocks of 10 steps are a little autocorrelated themselves, medians of them wider than the run's.
    assert outside <= 20


def _autocorrelated(random, runs, steps=80, rho=0.87):
    noise = random.normal(size=(runs, steps))
    for step in range(1, steps):
        noise[:, step] += rho * noise[:, step - 1]
    return noise
