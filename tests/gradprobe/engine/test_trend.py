"""The trend test: its error rate on noise, its power on losses, its idea of flat."""

import numpy as np
import pytest

from gradprobe.engine.trend import LEVEL, MINIMUM, MOST, find_trend
from gradprobe.values import Trend


def trend(values):
    values = np.asarray(values, np.float64)
    return find_trend(np.arange(len(values)), values)


def autoregressive(length, phi, random):
    """Stationary AR(1) noise, past its first 300 values."""
    values = np.zeros(length + 300)
    for position, shock in enumerate(random.standard_normal(length + 300)[1:], start=1):
        values[position] = phi * values[position - 1] + shock
    return values[300:]


@pytest.mark.parametrize("phi", [0.0, 0.5, 0.8])
def test_stationary_noise_is_called_a_trend_at_about_the_nominal_rate(phi):
    # 150 series of 200 values at the level 0.001: 0.15 false alarms are expected where the correction is exact. Mann and
    # Kendall's own test, which takes autocorrelated values for independent ones, has about 40 at phi = 0.8: its variance
    # is (1 + phi) / (1 - phi) = 9 times too small, so |z| > 3.29 becomes |z| > 1.10. At most 2 % are allowed here.
    random = np.random.default_rng(20)
    alarms = sum(trend(10 + autoregressive(200, phi, random)).trend in (Trend.UP, Trend.DOWN) for _ in range(150))
    assert alarms <= 3
    assert LEVEL == 0.001


def test_strong_autocorrelation_in_a_short_series_is_mostly_unclear():
    random = np.random.default_rng(21)
    alarms = sum(trend(10 + autoregressive(100, 0.9, random)).trend in (Trend.UP, Trend.DOWN) for _ in range(60))
    assert (
        alarms <= 12
    )  # a fifth; ten independent values are left of the hundred, and their autocorrelation has to be estimated


t = np.linspace(0.0, 1.0, 400)
LOSSES = {
    "exponential": np.exp(-5 * t),
    "power law": 2 + 8 * (1 + np.arange(400)) ** -0.3,
    "line": 1 - 0.2 * t,
    "at once, then a plateau": np.exp(-40 * t),
}


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("noise", [0.0, 0.03])
def test_falling_losses_fall_and_rising_ones_rise(name, noise):
    values = LOSSES[name] + noise * np.random.default_rng(1).standard_normal(400)
    assert trend(values).trend is Trend.DOWN
    assert trend(-values).trend is Trend.UP


def test_the_numbers_of_a_line():
    result = trend(5.0 - 0.01 * np.arange(101))
    # a slope of -0.01 over 100 steps
    assert result.change == pytest.approx(-1.0)
    assert (result.low, result.high) == (pytest.approx(-1.0), pytest.approx(-1.0))
    assert result.values == 101


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.full(50, 2.3), Trend.FLAT),
        (np.zeros(50), Trend.FLAT),
        # a slope's deviation is sqrt(12 / n) noises over the run: 2.33 x 0.02 x sqrt(12 / 400) = 0.008 < 2 % of 2.3
        (2.3 + 0.02 * np.random.default_rng(3).standard_normal(400), Trend.FLAT),
        # 2.33 x 1 x sqrt(12 / 100) = 0.8 > 0.33, a tenth of the spread of 3.3
        (np.random.default_rng(5).standard_normal(100), Trend.UNCLEAR),
    ],
)
def test_flat_is_shown_not_assumed(values, expected):
    assert trend(values).trend is expected


def test_a_loss_that_has_converged_after_a_fall_is_not_flat():
    random = np.random.default_rng(4)
    values = np.concatenate([np.linspace(5, 1, 10), np.ones(290)]) + 0.01 * random.standard_normal(300)
    assert trend(values).trend is Trend.DOWN


def test_too_few_values_are_unclear():
    assert MINIMUM == 30
    assert trend(np.arange(29)).trend is Trend.UNCLEAR
    assert trend(np.arange(30)).trend is Trend.UP


def test_a_curve_is_not_taken_for_autocorrelated_noise():
    # A loss that falls in a sigmoid within 100 steps and stays: about half of it lies off any straight line.
    steps = np.arange(100)
    noise = 0.15 * np.random.default_rng(8).standard_normal(100)
    assert trend(1.2 + 1.4 / (1 + np.exp((steps - 25) / 6)) + noise).trend is Trend.DOWN


def test_values_that_are_not_finite_are_left_out():
    values = 5.0 - 0.1 * np.arange(40)
    values[[3, 20, 39]] = [np.nan, np.inf, -np.inf]
    result = trend(values)
    assert (result.trend, result.values) == (Trend.DOWN, 37)
    assert trend(np.full(100, np.nan)).values == 0


@pytest.mark.parametrize("length", [MOST + 1, 4 * MOST - 1, 100_003])
def test_long_series_are_thinned_and_keep_their_trend(length):
    random = np.random.default_rng(6)
    line = np.linspace(1.0, 0.5, length) + 0.1 * random.standard_normal(length)
    result = trend(line)
    assert result.trend is Trend.DOWN
    assert result.change == pytest.approx(-0.5, abs=0.1)


@pytest.mark.parametrize("scale", [1e-300, 1e-12, 1e12, 1e300])
def test_the_unit_of_the_metric_does_not_matter(scale):
    assert trend(scale * LOSSES["line"]).trend is Trend.DOWN
    assert trend(np.full(40, scale)).trend is Trend.FLAT


def test_a_mask_ratio_that_falls_in_stairs_falls():
    assert trend(np.repeat([1.0, 0.8, 0.6], 20)).trend is Trend.DOWN
