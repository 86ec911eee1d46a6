"""`with gradprobe.watch(): train()` in a test."""

from __future__ import annotations

import re
import sys

import pytest

from tests.reports.golden import check_golden

SEVERED = """
def test_training(gradprobe):
    model = Severed()
    with gradprobe.watch(max_batches=5):
        train(model, steps=100)
"""


def shown(result):
    """Return what was printed, without what differs from run to run and from machine to machine."""
    text = "\n".join(line.rstrip() for line in result.outlines)
    text = re.sub(r"\d+\.\d s on cpu, torch [^,]+", "0.1 s on cpu, torch 2.0", text)
    text = re.sub(r"gradprobe report.*?--report", "gradprobe report RUN --report", text, flags=re.DOTALL)
    return text[text.index("=== FAILURES ===") : text.rindex("\n=")] + "\n"


def test_a_test_fails_by_what_is_found(suite):
    result = suite.run(SEVERED)
    result.assert_outcomes(failed=1)
    check_golden("pytest-failure-80.txt", shown(result))


def test_a_test_passes_where_the_gradient_flows(suite):
    result = suite.run("""
def test_training(gradprobe):
    model = Agent()
    with gradprobe.watch() as watch:
        assert watch.report is None
        train(model, steps=4)
    assert watch.report.verdict.value == "healthy"
    assert watch.report.run.steps == len(watch.run().steps) == 4
    assert watch.report.run.stopped_by == "script"
    assert watch.path.is_dir()
""")
    result.assert_outcomes(passed=1)
    assert not (suite.pytester.path / ".gradprobe").exists()


def test_colours_where_pytest_uses_them(suite, monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    result = suite.run(SEVERED, "--color=yes", "--junitxml=junit.xml")
    assert "\x1b[1;31mERROR\x1b[0m" in result.stdout.str()
    junit = (suite.pytester.path / "junit.xml").read_text()
    assert "ERROR  the gradient of model.encoder ends here" in junit
    assert "x1B" not in junit


@pytest.mark.parametrize("style", ["short", "line", "native", "long"])
def test_every_style_of_traceback(suite, style):
    result = suite.run(SEVERED, f"--tb={style}")
    result.assert_outcomes(failed=1)
    assert "agents.py:19" in result.stdout.str()
    assert "block.py" not in result.stdout.str()


def test_the_line_may_stand_in_the_test_itself(suite):
    for mode in ("prepend", "importlib"):
        result = suite.run(
            """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder, self.head = nn.Linear(4, 8), nn.Linear(8, 1)

    def forward(self, x):
        hidden = self.encoder(x)
        assert hidden.shape[1] == 8, "an assertion that pytest rewrites"
        with torch.no_grad():
            hidden = hidden * 2
        return self.head(hidden)


def test_training(gradprobe):
    model = Net()
    with gradprobe.watch():
        train(model)
""",
            f"--import-mode={mode}",
        )
        line = 1 + (suite.pytester.path / "test_suite.py").read_text().splitlines().index(
            "        with torch.no_grad():"
        )
        result.stdout.fnmatch_lines([f"*test_suite.py:{line} in Net.forward", "*> * with torch.no_grad():"])


def test_tests_and_a_package_where_libraries_are_installed(suite):
    packages = suite.pytester.path / "lib" / "site-packages" / "net"
    packages.mkdir(parents=True)
    (packages / "__init__.py").write_text("")
    (packages / "agents.py").write_text((suite.pytester.path / "agents.py").read_text())
    (packages / "test_net.py").write_text(
        "from .agents import Severed, train\n\ndef test_training(gradprobe):\n    model = Severed()\n"
        "    with gradprobe.watch():\n        train(model)\n"
    )
    result = suite.run("", "--rootdir", str(suite.pytester.path), str(packages))
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*net/agents.py:19 in Severed.forward"])


def test_a_package_under_test_is_the_users_where_it_is_installed(suite, monkeypatch):
    """`pip install .`, then pytest: the package in the root is imported from site-packages."""
    installed = suite.pytester.path / "venv" / "lib" / "site-packages"
    for folder in (installed / "net", suite.pytester.path / "src" / "net"):
        folder.mkdir(parents=True)
        (folder / "__init__.py").write_text((suite.pytester.path / "agents.py").read_text())
    monkeypatch.syspath_prepend(str(installed))
    monkeypatch.setattr("sysconfig.get_path", lambda name: str(installed))
    result = suite.run("""
import net

def test_training(gradprobe):
    model = net.Severed()
    with gradprobe.watch():
        train(model)
""")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*site-packages/net/__init__.py:19 in Severed.forward"])


def test_an_exception_of_the_training_is_the_failure(suite):
    result = suite.run("""
def test_training(gradprobe):
    model = Severed()
    with gradprobe.watch():
        train(model)
        raise LookupError("of the test's own")
""")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["E * LookupError: of the test's own", "*- gradprobe -*", " 1 ERROR  the gradient of model.encoder ends here"]
    )
    result.stdout.fnmatch_lines(["FAILED *test_training - LookupError: of the test's own"])


@pytest.mark.skipif(sys.version_info < (3, 11), reason="exceptions have notes from Python 3.11 on")
def test_an_exception_of_torch_carries_its_cause(suite):
    result = suite.run("""
def test_training(gradprobe):
    cell, state = nn.RNNCell(4, 4), torch.zeros(2, 4)
    optimizer = torch.optim.SGD(cell.parameters(), lr=0.01)
    with gradprobe.watch():
        for _ in range(3):
            state = cell(torch.randn(2, 4), state)
            state.square().mean().backward()
            optimizer.step()
""")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E * RuntimeError: *", "*graph-reuse*", "*- gradprobe -*", "*graph-reuse GP*"])


def test_skipped_and_failed_within_a_block(suite):
    result = suite.run("""
def test_skipped(gradprobe):
    with gradprobe.watch():
        pytest.skip("not today")

def test_failed(gradprobe):
    model = Severed()
    with gradprobe.watch():
        train(model)
        pytest.fail("the test's own word")

@pytest.mark.xfail(reason="known")
def test_expected(gradprobe):
    model = Severed()
    with gradprobe.watch():
        train(model)
""")
    result.assert_outcomes(skipped=1, failed=1, xfailed=1)
    result.stdout.fnmatch_lines(["*the test's own word", "*- gradprobe -*", "*severed-gradient*"])


def test_a_block_that_trains_nothing_fails(suite):
    result = suite.run("""
def test_training(gradprobe):
    with gradprobe.watch():
        torch.ones(2).sum()
""")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["expected the watched code to train, *found no training step in it;"])
    assert "trained under watch" not in result.stdout.str()


def test_gradients_without_an_optimizer_are_training_enough(suite):
    result = suite.run("""
@pytest.fixture(params=[False, True])
def around(request, gradprobe):
    if request.param:
        model = Agent()
        with gradprobe.watch():
            train(model)
            yield
    else:
        yield

def test_backward(gradprobe, around):
    model = Agent()
    with gradprobe.watch():
        model(torch.randn(2, 4)).sum().backward()

def test_gradients_that_are_taken(gradprobe, around):
    model = Agent()
    with gradprobe.watch():
        torch.autograd.grad(model(torch.randn(2, 4)).sum(), list(model.parameters()))
""")
    result.assert_outcomes(passed=4)


def test_options_of_a_block(suite):
    (suite.pytester.path / "strict.toml").write_text(
        'schema = 1\nname = "strict"\n[[flag]]\nname = "never"\nkind = "gradient-norm"\nmodule = "*"\nlow = 0\nhigh = 1e-12\nwindow = 2\n'
        'severity = "error"\n'
    )
    result = suite.run("""
def test_never(gradprobe):
    model = Severed()
    with gradprobe.watch(fail_on="never") as watch:
        train(model)
    assert watch.report.verdict.value == "red"

def test_strict(gradprobe):
    model = Agent()
    with gradprobe.watch(policy="strict.toml"):
        train(model, steps=120)

def test_no_such_policy(gradprobe):
    with gradprobe.watch(policy="none.toml"):
        raise AssertionError("the training has begun")

@pytest.mark.parametrize("given", [{"fail_on": "errors"}, {"max_batches": 0}, {"max_batches": True}, {"policy": 3}])
def test_wrong(gradprobe, given):
    gradprobe.watch(**given)
""")
    result.assert_outcomes(passed=1, failed=6)
    result.stdout.fnmatch_lines(["*policy strict", " never *RED *"])
    result.stdout.fnmatch_lines([f"gradprobe: {suite.pytester.path}/none.toml: expected a policy file or one of *"])
    result.stdout.fnmatch_lines(["gradprobe: *: expected fail_on to be one of error, warning, never, found 'errors'"])
    result.stdout.fnmatch_lines(["gradprobe: *: expected max_batches to be a number *, found 0"])
    assert "the training has begun" not in result.stdout.str()


def test_several_blocks_and_blocks_in_blocks(suite):
    result = suite.run("""
def test_several(gradprobe):
    for steps in (3, 5):
        model = Agent()
        with gradprobe.watch() as watch:
            train(model, steps=steps)
        assert watch.report.run.steps == steps

def test_within(gradprobe):
    model = Agent()
    with gradprobe.watch() as outer:
        train(model, steps=2)
        with gradprobe.watch(max_batches=3) as inner:
            train(model, steps=100)
        train(model, steps=2)
    assert inner.report is None and inner.path == outer.path
    assert outer.report.run.steps == 7

def test_nothing_within(gradprobe):
    model = Agent()
    with gradprobe.watch():
        train(model)
        with gradprobe.watch():
            pass
""")
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["expected the watched code to train, *"])


def test_what_is_built_before_the_block_has_its_names(suite):
    result = suite.run("""
@pytest.fixture
def model():
    return Severed()

@pytest.fixture(scope="module")
def trained():
    model = Agent()
    optimizer = torch.optim.Adam(model.parameters())
    train(model, optimizer=optimizer)
    return model, optimizer

def test_model_of_a_fixture(gradprobe, model):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with gradprobe.watch(fail_on="never") as watch:
        train(model, optimizer=optimizer)
    assert [one.modules for one in watch.report.findings] == [("model.encoder",)]

@pytest.mark.parametrize("steps", [4, 8])
def test_trained_before(gradprobe, trained, steps):
    model, optimizer = trained
    with gradprobe.watch(fail_on="warning") as watch:
        train(model, steps, optimizer)
    assert watch.report.run.steps == steps
    assert {one.name for one in watch.report.modules} >= {"model", "model.encoder", "model.head"}

class TestCase(unittest.TestCase):
    @pytest.fixture(autouse=True)
    def probe(self, gradprobe):
        self.gradprobe = gradprobe

    def setUp(self):
        self.model = Severed()

    def test_training(self):
        with self.gradprobe.watch(max_batches=4):
            train(self.model)
""")
    result.assert_outcomes(passed=3, failed=1)
    result.stdout.fnmatch_lines(["RED after 4 steps of test_suite.py::TestCase::test_training *"])


def test_a_thread_that_trains(suite):
    result = suite.run("""
import threading

def test_training(gradprobe):
    model = Agent()
    with gradprobe.watch() as watch:
        thread = threading.Thread(target=train, args=(model, 5))
        thread.start()
        thread.join()
    assert watch.report.run.steps == 5
""")
    result.assert_outcomes(passed=1)
