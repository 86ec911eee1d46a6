"""`pytest --gradprobe`: every test that trains is watched."""

from __future__ import annotations

import pytest

TESTS = """
def test_severed():
    train(Severed())

def test_healthy():
    train(Agent(), steps=3)

def test_idle():
    assert torch.ones(2).sum() == 2

def test_one_backward():
    model = Severed()
    model(torch.randn(2, 4)).sum().backward()
    assert model.encoder[0].weight.grad is None

@pytest.mark.parametrize("model", [Agent(), Severed()], ids=["good", "a/b"])
def test_both(model):
    train(model, steps=4)
"""


def test_those_that_train_are_judged_and_the_others_are_not_mentioned(suite):
    result = suite.run(TESTS, "--gradprobe")
    result.assert_outcomes(passed=4, failed=2)
    result.stdout.fnmatch_lines(
        ["RED after 6 steps of test_suite.py::test_severed *", "RED after 4 steps of *test_both?a_b? *"]
    )
    result.stdout.fnmatch_lines(
        [
            "*= gradprobe =*",
            "4 tests trained under watch, 17 training steps: 2 red, 2 healthy",
            "test_suite.py::test_severed: error severed-gradient (GP101) at agents.py:19: the gradient of * ends here",
            "test_suite.py::test_both?a/b?: error severed-gradient (GP101) at agents.py:19: *",
            "FAILED test_suite.py::test_severed - error severed-gradient (GP101) at *",
        ]
    )
    kept = [path.name for path in (suite.pytester._test_tmproot).rglob("rank-0.sqlite")]
    assert len(kept) == 2, "the records of tests in which nothing was found are not kept"


def test_without_it_nothing_is_watched(suite):
    result = suite.run(TESTS)
    result.assert_outcomes(passed=6)
    assert "gradprobe =" not in result.stdout.str()


@pytest.mark.parametrize(
    ("words", "ini", "failed"),
    [
        (["--gradprobe-fail-on=never"], "", 0),
        ([], "gradprobe_fail_on = never", 0),
        (["--gradprobe-fail-on=error"], "gradprobe_fail_on = never", 2),
        ([], "gradprobe_policy = lax.toml", 0),
    ],
)
def test_what_fails(suite, words, ini, failed):
    (suite.pytester.path / "lax.toml").write_text(
        'schema = 1\nname = "lax"\n[[flag]]\nname = "works"\nkind = "no-backward-errors"\nseverity = "error"\n'
        '[expect]\nsevered = ["model.encoder"]\n'
    )
    suite.pytester.makeini(f"[pytest]\n{ini}\n")
    result = suite.run(TESTS, "--gradprobe", *words)
    result.assert_outcomes(passed=6 - failed, failed=failed)


@pytest.mark.parametrize("ini", ["gradprobe_fail_on = all", "gradprobe_fail_on ="])
def test_an_ini_file_that_means_nothing(suite, ini):
    suite.pytester.makeini(f"[pytest]\n{ini}\n")
    result = suite.run(TESTS)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "expected fail_on to be one of error, warning, never" in result.stderr.str()


def test_an_exception_is_the_failure_and_the_finding_stands_beside_it(suite):
    result = suite.run(
        """
def test_training():
    train(Severed())
    assert 1 == 2
""",
        "--gradprobe",
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E * assert 1 == 2", "*- gradprobe -*", " 1 ERROR  the gradient of * ends here"])


def test_a_fault_of_the_recorder_fails_no_test(suite, monkeypatch):
    """A disk that is full, for instance: nowhere to record to."""
    from gradprobe.record import directory

    def no_space(output):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(directory, "_named", no_space)
    result = suite.run(TESTS, "--gradprobe", "-k", "severed")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["1 test *: 1 not judged", "test_suite.py::test_severed: *No space left on device*"])


def test_tests_that_never_import_torch_do_not(suite):
    suite.pytester.makepyfile(
        test_plain="""
        import sys

        def test_plain():
            pass

        def test_no_torch():
            assert not {"torch", "numpy", "pandas"} & set(sys.modules)

        def test_imports_it_itself():
            from agents import Severed, train
            train(Severed())
        """
    )
    result = suite.pytester.runpytest_subprocess(
        "-p", "gradprobe.testing.plugin", "-p", "no:cacheprovider", "--gradprobe", "test_plain.py"
    )
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["RED after 6 steps of test_plain.py::test_imports_it_itself *"])


def test_gradients_flow_within_a_watched_test(suite):
    result = suite.run(
        """
import gradprobe

def test_training():
    model = Agent()
    train(model, steps=2)
    gradprobe.assert_gradients_flow(model, lambda: model(torch.randn(2, 4)).sum())
    train(model, steps=3)
""",
        "--gradprobe",
    )
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["1 test trained under watch, 5 training steps in 2 recordings: 2 healthy"])


def test_within_gradprobe_run_everything_is_one_recording(suite):
    suite.pytester.makepyfile(
        test_joined="""
        from agents import Agent, train

        def test_block(gradprobe):
            with gradprobe.watch(max_batches=3) as watch:
                train(Agent(), steps=10**9)
            assert watch.report is None

        def test_plain():
            train(Agent(), steps=2)
        """
    )
    words = (
        "-m",
        "pytest",
        "-p",
        "gradprobe.testing.plugin",
        "-p",
        "no:cacheprovider",
        "--gradprobe",
        "test_joined.py",
    )
    import sys

    result = suite.pytester.run(sys.executable, "-m", "gradprobe", "run", "--output", "run", *words)
    result.stdout.fnmatch_lines(["*2 passed*"])
    result.stderr.fnmatch_lines(["*after 5 steps of -m pytest*"])


def test_what_is_skipped_or_interrupted_is_not_judged(suite):
    result = suite.run_alone(
        """
def test_skipped():
    train(Severed())
    pytest.skip("not today")

def test_interrupted():
    train(Severed())
    raise KeyboardInterrupt

def test_never_comes():
    pass
""",
        "--gradprobe",
    )
    result.assert_outcomes(skipped=1)
    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert "trained under watch" not in result.stdout.str()


def test_doctests_too(suite):
    text = "import agents\n\n\ndef documented():\n    '''Train.\n\n    >>> agents.train(agents.Severed())\n    '''\n"
    (suite.pytester.path / "documented.py").write_text(text)
    result = suite.run("", "--gradprobe", "--doctest-modules", "documented.py")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["RED after 6 steps of documented.py::documented* *", "*agents.py:19 in Severed.forward"]
    )
    result.stdout.fnmatch_lines(["FAILED documented.py::documented* - error severed-gradient*"])
