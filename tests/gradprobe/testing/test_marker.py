"""`@pytest.mark.gradprobe(...)`: a test that is watched as a whole."""

from __future__ import annotations

import pytest


def test_a_marked_function(suite):
    result = suite.run("""
@pytest.mark.gradprobe
def test_severed():
    train(Severed())

@pytest.mark.gradprobe(max_batches=5)
def test_endless():
    train(Agent(), steps=10**9)
    raise AssertionError("it went on")

@pytest.mark.gradprobe(fail_on="never")
def test_never():
    train(Severed())

@pytest.mark.gradprobe
def test_idle():
    torch.ones(2).sum()

@pytest.mark.gradprobe
def test_by_hand():
    model = Agent()
    for _ in range(3):
        parameters = list(model.parameters())
        with torch.enable_grad():
            gradients = torch.autograd.grad(model(torch.randn(2, 4)).square().sum(), parameters)
        with torch.no_grad():
            for parameter, gradient in zip(parameters, gradients):
                parameter -= 0.01 * gradient
""")
    result.assert_outcomes(passed=3, failed=2)
    result.stdout.fnmatch_lines(
        ["RED after 6 steps of test_suite.py::test_severed *", "*agents.py:19 in Severed.forward"]
    )
    result.stdout.fnmatch_lines(["*_ test_idle _*", "expected the watched code to train, *"])
    result.stdout.fnmatch_lines(["4 tests trained under watch, 17 training steps: 2 red, 2 healthy"])


def test_on_a_module_and_a_class_the_nearest_says_most_and_idle_tests_pass(suite):
    result = suite.run("""
pytestmark = pytest.mark.gradprobe(fail_on="never", max_batches=4)

def test_idle():
    torch.ones(2).sum()

def test_never():
    train(Severed())

@pytest.mark.gradprobe(fail_on="error")
class TestClass:
    def test_error(self):
        train(Severed())

    @pytest.mark.gradprobe(fail_on="never")
    def test_never_again(self):
        train(Severed())

class TestCase(unittest.TestCase):
    def setUp(self):
        self.model = Severed()

    def test_case(self):
        train(self.model)

    @pytest.mark.gradprobe(fail_on="error")
    def test_red_case(self):
        train(self.model)

    @pytest.mark.gradprobe(fail_on="error")
    def test_raising_case(self):
        train(self.model, steps=3)
        self.fail("its own word")
""")
    result.assert_outcomes(passed=4, failed=3)
    result.stdout.fnmatch_lines(["RED after 4 steps of test_suite.py::TestClass::test_error *"])
    result.stdout.fnmatch_lines(["RED after 4 steps of test_suite.py::TestCase::test_red_case *"])
    result.stdout.fnmatch_lines(["E * AssertionError: its own word", "*- gradprobe -*", "*severed-gradient*"])


def test_a_marked_test_steps_aside_for_its_blocks_and_gives_them_its_options(suite):
    result = suite.run("""
import gradprobe as library

@pytest.mark.gradprobe(fail_on="never", max_batches=3)
def test_fixture(gradprobe):
    with gradprobe.watch() as watch:
        train(Severed())
    assert watch.report.run.steps == 3

@pytest.mark.gradprobe
def test_fixture_is_judged(gradprobe):
    train(Agent(), steps=2)
    with gradprobe.watch(fail_on="never") as watch:
        train(Severed(), steps=4)
    train(Agent(), steps=3)

@pytest.mark.gradprobe
def test_library(tmp_path):
    with library.watch(tmp_path / "run", max_batches=2) as watch:
        train(Agent(), steps=10**9)
    assert watch.report().run.steps == watch.steps == 2
    assert watch.path == tmp_path / "run" and not watch.has_joined
""")
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(["2 tests trained under watch, 12 training steps in 4 recordings: 2 red, 2 healthy"])


@pytest.mark.parametrize(
    ("mark", "said"),
    [
        ("polcy='x'", "expected one of policy, fail_on, max_batches, found polcy"),
        ("fail_on='all'", "expected fail_on to be one of error, warning, never, found 'all'"),
        ("max_batches='3'", "expected max_batches to be a number of training steps from 1 up, found '3'"),
        (
            "'default'",
            "expected keywords for the marker gradprobe (policy, fail_on, max_batches), found 'default' without one",
        ),
    ],
)
def test_what_a_marker_cannot_say(suite, mark, said):
    result = suite.run(f"@pytest.mark.gradprobe({mark})\ndef test_training():\n    train(Agent())\n")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert said in result.stderr.str()
    assert "test_suite.py::test_training" in result.stderr.str()


def test_a_policy_that_is_not_there_ends_the_test_before_it_begins(suite):
    result = suite.run("""
@pytest.mark.gradprobe(policy="none.toml")
def test_training():
    raise AssertionError("the training has begun")
""")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["gradprobe: *none.toml: expected a policy file or *"])
    assert "has begun" not in result.stdout.str()


def test_the_marker_is_known(suite):
    result = suite.run("@pytest.mark.gradprobe\ndef test_training():\n    train(Agent())\n", "--strict-markers")
    result.assert_outcomes(passed=1)
    assert "@pytest.mark.gradprobe(policy='default', fail_on='error'" in suite.run("", "--markers").stdout.str()
