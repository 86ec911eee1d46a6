"""Each kind of flag on records written by hand: holds, is broken, at its boundary, too early, not there."""

import numpy as np
import pytest

from gradprobe.engine.evidence import gather
from gradprobe.engine.flags import judge_flags
from gradprobe.policy.schema import Policy
from gradprobe.record.record import IncidentSeen
from gradprobe.values import Colour, Crashed
from tests.support.records import SITE, record

GREEN, AMBER, RED, GREY = Colour.GREEN, Colour.AMBER, Colour.RED, Colour.GREY


def judge(made, **keys):
    policy = Policy.model_validate({"schema": 1, "name": "test", "flag": [{"name": "flag", **keys}]})
    (flag,) = judge_flags(policy, gather(made))
    return flag


def qwen(norms, **kwargs):
    return record({"system.qwen": ["w"], "head": ["w"]}, {"system.qwen.w": norms}, **kwargs)


class TestGradientFlows:
    @pytest.mark.parametrize(
        ("norms", "colour", "observed"),
        [
            ([1.0] * 20, GREEN, "in 20 of 20 steps"),
            ([0.0] * 9 + [1.0], GREEN, "in 1 of 10 steps"),
            ([1.0] + [0.0] * 10, RED, "zero for 10 steps in a row, of 11"),
            ([1.0] + [-1.0] * 10 + [1.0], RED, "none for 10 steps in a row, of 12"),
            ([1.0] + [-1.0, 0.0] * 5, RED, "zero or none for 10 steps in a row, of 11"),
            ([0.0] * 10, RED, "zero in 10 steps"),
            ([-1.0] * 9, GREY, "too early to tell (9 of 10 steps): none in 9 steps"),
            # its optimizer steps every second step: nine absences in a row, not eighteen, and the tenth breaks it
            ([1.0] + [-2.0, -1.0] * 9, GREEN, "in 1 of 10 steps"),
            ([1.0] + [-2.0, -1.0] * 10, RED, "none for 10 steps in a row, of 11"),
            ([-2.0] * 20, GREY, "no optimizer stepped it in this run"),
            ([np.nan] * 20, GREY, "never finite and nonzero in 20 steps"),
        ],
    )
    def test_window(self, norms, colour, observed):
        flag = judge(qwen(norms), kind="gradient-flows", module="qwen", window=10)
        assert (flag.colour, flag.observed) == (colour, observed)
        assert flag.expected == "never zero or none for 10 steps in a row"

    @pytest.mark.parametrize(
        ("norms", "colour"),
        [([-1.0] * 9, GREY), ([-1.0] * 10, RED), ([-1.0] * 500 + [1.0] + [0.0] * 499, GREEN), ([1.0], GREEN)],
    )
    def test_first_asks_only_that_it_came_at_all(self, norms, colour):
        assert judge(qwen(norms), kind="gradient-flows", module="qwen", first=10).colour is colour

    def test_a_thinned_row_counts_only_if_no_step_in_it_had_a_gradient(self):
        keys = {"kind": "gradient-flows", "module": "qwen", "window": 100}
        assert judge(qwen([1.0, 0.0], span=[1, 150]), **keys).colour is RED
        assert judge(qwen([1.0, 0.0], span=[1, 150], highest={"system.qwen.w": [1.0, 0.5]}), **keys).colour is GREEN

    def test_severity_is_the_colour(self):
        for severity, colour in {"error": RED, "warning": AMBER, "info": GREY}.items():
            flag = judge(qwen([-1.0] * 10), kind="gradient-flows", module="qwen", first=10, severity=severity)
            assert flag.colour is colour

    def test_root_modules_are_judged_together_and_the_worst_decides(self):
        made = record({"a": ["w"], "b": ["w"], "c": ["w"]}, {"a.w": [1.0] * 10, "b.w": -1.0, "c.w": -2.0})
        flag = judge(made, kind="gradient-flows", module="*", first=10)
        assert (flag.colour, flag.observed) == (RED, "b: none in 10 steps")
        early = judge(made, kind="gradient-flows", module="*", first=20)
        assert (early.colour, early.observed) == (GREY, "b: too early to tell (10 of 20 steps): none in 10 steps")
        without = judge(made, kind="gradient-flows", module="[ac]", first=20)
        assert (without.colour, without.observed) == (GREEN, "a: in 10 of 10 steps")

    def test_a_module_that_is_not_there(self):
        flag = judge(qwen([1.0]), kind="gradient-flows", module="llama", window=10)
        assert (flag.colour, flag.observed) == (GREY, "no module named llama in this run; there are: system, head")
        assert judge(record(), kind="gradient-flows", module="*", first=1).observed == "no module in this run"


NORM = {"kind": "gradient-norm", "module": "qwen", "low": 1e-6, "high": 1e-4}


class TestGradientNorm:
    @pytest.mark.parametrize(
        ("norms", "colour", "observed"),
        [
            ([5.67e-5] * 20, GREEN, "median 5.67e-05 over 20 steps"),
            ([5e-5] * 11 + [1.0] * 9, GREEN, "median 5.00e-05 over 20 steps"),
            ([2e-4] * 20, RED, "median 2.00e-04 over 20 steps"),
            ([9e-7] * 20, RED, "median 9.00e-07 over 20 steps"),
            # zeros are no measurements of it: the prompt is cached for nine of ten batches
            (([5e-5] + [0.0] * 9) * 10, GREEN, "median 5.00e-05 over 10 steps"),
            ([5e-5] * 9, GREY, "too early to tell (9 of 10 steps)"),
            ([-1.0] * 12, RED, "none in 12 steps"),
            ([0.0] * 12, RED, "0 in 12 steps"),
            ([-1.0] * 9, GREY, "too early to tell (0 of 10 steps)"),
            ([-2.0] * 20, GREY, "no optimizer stepped it in this run"),
        ],
    )
    def test_range(self, norms, colour, observed):
        flag = judge(qwen(norms), **NORM)
        assert (flag.colour, flag.observed, flag.expected) == (colour, observed, "1e-06 to 0.0001")

    def test_a_module_that_is_not_there(self):
        assert judge(record({"head": ["w"]}, steps=3), **NORM).colour is GREY


class TestTrend:
    FALL, NOISE = np.linspace(2, 1, 60), np.random.default_rng(0).standard_normal(60)

    @pytest.mark.parametrize(
        ("kind", "values", "colour", "observed"),
        [
            ("falling", FALL, GREEN, "falls: 2 to 1 in 60 values"),
            ("falling", FALL[::-1], RED, "rises: 1 to 2 in 60 values"),
            ("falling", np.ones(100), RED, "flat: 1 to 1 in 100 values"),
            ("falling", np.ones(99), GREY, "flat: 1 to 1 in 99 values"),  # it may not have begun to fall
            ("falling", NOISE, GREY, f"unclear: {NOISE[0]:.4g} to {NOISE[-1]:.4g} in 60 values"),
            ("falling", FALL[:12], GREY, "too early to tell (12 of 30 steps)"),
            ("rising", FALL[::-1], GREEN, "rises: 1 to 2 in 60 values"),
            ("rising", FALL, RED, "falls: 2 to 1 in 60 values"),
            ("rising", np.ones(100), RED, "flat: 1 to 1 in 100 values"),
        ],
    )
    def test_kinds(self, kind, values, colour, observed):
        flag = judge(record(metrics={"loss": values}), kind=kind, metric="loss")
        assert (flag.colour, flag.observed) == (colour, observed)

    def test_source_and_patterns(self):
        made = record(metrics={"loss_g": self.FALL, "loss_d": self.FALL[::-1]}, logged={"loss_ema": self.FALL[::-1]})
        flag = judge(made, kind="falling", metric="*", source="loss")
        assert (flag.colour, flag.observed) == (RED, "loss_d: rises: 1 to 2 in 60 values")
        assert judge(made, kind="falling", metric="loss_g").colour is GREEN
        assert judge(made, kind="rising", metric="*", source="log").colour is GREEN

    def test_a_metric_that_is_not_there(self):
        made = record(metrics={name: [1.0] for name in "abcde"})
        flag = judge(made, kind="falling", metric="mask_ratio")
        assert (flag.colour, flag.observed) == (
            GREY,
            "no metric named mask_ratio in this run; there are: a, b, c and 2 more",
        )


class TestFinite:
    @pytest.mark.parametrize(
        ("values", "keys", "colour"),
        [
            ([1.0] * 5, {}, GREEN),
            ([1.0, np.nan, 1.0], {}, RED),
            ([1.0, np.inf, 1.0], {"window": 2}, GREEN),
            ([1.0, np.inf, np.nan, 1.0], {"window": 2}, RED),
            ([1.0, np.nan, np.nan, 1.0], {"at_end": True}, GREEN),
            ([1.0, 1.0, np.nan], {"at_end": True}, RED),
            ([1.0, 1.0, np.nan], {"at_end": True, "window": 3}, GREEN),
            ([1.0, np.nan, np.nan, np.nan], {"at_end": True, "window": 3}, RED),
            ([np.nan, np.nan], {"at_end": True, "window": 3}, RED),
        ],
    )
    def test_metric(self, values, keys, colour):
        assert judge(record(metrics={"loss": values}), kind="finite", metric="loss", **keys).colour is colour

    def test_words(self):
        flag = judge(record(metrics={"loss": [1.0, np.nan, 2.0, np.inf]}), kind="finite", metric="*")
        assert flag.observed == "nan in 2 of 4 values (steps 1 to 3)"

    @pytest.mark.parametrize(
        ("norms", "colour"),
        [
            ([1.0] * 20, GREEN),
            # a gradient scaler looks for its scale
            ([np.inf] * 9 + [1.0] * 11, GREEN),
            ([1.0] * 10 + [np.inf] * 9, GREEN),
            ([1.0] * 10 + [np.inf] * 10, RED),
            ([np.nan] * 9, GREY),
            ([np.nan] * 10, RED),
            ([1.0] + [np.nan, -2.0] * 10, RED),
            ([-2.0] * 5, GREY),
            ([-1.0] * 20, GREY),
        ],
    )
    def test_gradients_at_the_end(self, norms, colour):
        made = record({"net": ["w"]}, {"net.w": norms})
        assert judge(made, kind="finite", module="*", at_end=True, window=10).colour is colour

    def test_targets_that_are_not_there(self):
        assert judge(record({"a": ["w"]}, steps=1), kind="finite", metric="loss").colour is GREY
        assert judge(record(metrics={"a": [1.0]}), kind="finite", module="qwen").colour is GREY


class TestNoBackwardErrors:
    CRASH = Crashed(SITE, "RuntimeError", "modified by an inplace operation", "backward")

    def test_no_error(self):
        flag = judge(qwen([1.0] * 3), kind="no-backward-errors")
        assert (flag.colour, flag.observed) == (GREEN, "none in 3 steps")

    # Step numbers as the recorder gives them: three steps are 0, 1, 2, and what then fails is step 3 in the making.

    def test_an_error_that_ended_the_run(self):
        seen = IncidentSeen(self.CRASH, 3, 3, 1)
        made = qwen([1.0] * 3, incidents=[seen], exit_code=1, exception="RuntimeError: modified")
        flag = judge(made, kind="no-backward-errors")
        assert (flag.colour, flag.observed) == (RED, "RuntimeError in step 3")

    def test_an_error_that_was_caught_and_no_step_followed_is_doubtful(self):
        flag = judge(qwen([1.0] * 3, incidents=[IncidentSeen(self.CRASH, 3, 3, 1)]), kind="no-backward-errors")
        assert flag.colour is AMBER
        assert flag.observed == "RuntimeError in step 3, caught by the script, and no step with a gradient followed"

    @pytest.mark.parametrize("steps", [5, 6, 500])
    def test_an_error_after_which_training_went_on_is_only_said(self, steps):
        """Its number is that of the next good step: one such step, number 4 of five, is enough."""
        flag = judge(qwen([1.0] * steps, incidents=[IncidentSeen(self.CRASH, 1, 4, 2)]), kind="no-backward-errors")
        assert flag.colour is GREY
        assert flag.observed == "RuntimeError in step 4, 2 errors in all, caught by the script, which trained on"

    def test_of_several_errors_the_one_with_the_worst_end_decides(self):
        caught = Crashed(SITE, "OutOfMemoryError", "CUDA out of memory", "backward")
        incidents = [IncidentSeen(self.CRASH, 3, 3, 1), IncidentSeen(caught, 1, 1, 1)]
        flag = judge(qwen([1.0] * 3, incidents=incidents, exit_code=1), kind="no-backward-errors")
        assert (flag.colour, flag.observed) == (RED, "RuntimeError in step 3, 2 errors in all")

    @pytest.mark.parametrize("name", ["KeyboardInterrupt", "SystemExit", "GeneratorExit"])
    def test_an_end_on_purpose_is_no_error(self, name):
        seen = IncidentSeen(Crashed(SITE, name, "", "backward"), 3, 3, 1)
        made = qwen([1.0] * 3, incidents=[seen], exit_code=130, exception=name, stopped_by="signal")
        flag = judge(made, kind="no-backward-errors")
        assert (flag.colour, flag.observed) == (GREEN, "none in 3 steps")

    def test_an_error_elsewhere_is_not_meant(self):
        crash = Crashed(SITE, "KeyError", "x", "script")
        assert judge(qwen([1.0], incidents=[crash], exit_code=1), kind="no-backward-errors").colour is GREEN
