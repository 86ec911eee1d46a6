"""What must hold of any runs: one compared with itself gives nothing, and what is new one way is gone the other way."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from gradprobe.compare import compare, gate, regressions
from gradprobe.values import Colour, Flag, Severity, Site
from gradprobe.values.comparison import ChangeKind, Effect
from tests.support.findings import finding
from tests.support.sources import source

MODULES = {"a.one": ["weight", "bias"], "a.two": ["weight"], "b": ["weight"]}
NAMES = [f"{module}.{name}" for module, held in MODULES.items() for name in held]
norms = st.sampled_from([-2.0, -1.0, 0.0, 1e-12, 1e-3, 1.0, 1e6, float("nan"), float("inf")])
sites = st.none() | st.builds(
    Site,
    st.sampled_from(["/a/t.py", "/b/t.py"]),
    st.integers(1, 9),
    st.sampled_from("fg"),
    st.sampled_from(["x", "y", ""]),
)
findings = st.builds(
    lambda severity, check, site, modules: replace(
        finding(severity, check=check, code=check, location=site), modules=modules
    ),
    st.sampled_from(["error", "warning", "info"]),
    st.sampled_from(["GP101", "GP102"]),
    sites,
    st.sampled_from([(), ("a",), ("a", "b"), ("b",)]),
)


@st.composite
def sources(draw, steps=24):
    """A run of two root modules with any norms, losses, findings and flags."""
    columns = {name: draw(st.lists(norms, min_size=steps, max_size=steps) | norms) for name in NAMES}
    losses = draw(
        st.lists(
            st.floats(-10, 10) | st.sampled_from([float("nan"), float("inf"), 1e150, -1e150]),
            min_size=steps,
            max_size=steps,
        )
    )
    return source(
        draw(st.sampled_from(["x", "y"])),
        MODULES,
        columns,
        {"loss": losses},
        findings=draw(st.lists(findings, max_size=4)),
        flags=[Flag("flag", draw(st.sampled_from(Colour)), "e", "o")],
        seconds=draw(st.sampled_from([0.01, 1.0, 30.0])),
        frozen=draw(st.sampled_from([(), ("a.two",)])),
        steps=steps,
    )


@settings(max_examples=60, deadline=None)
@given(sources(), st.integers(1, 4))
def test_run_compared_with_itself_gives_nothing(run, baselines):
    found = compare([run] * baselines, run)
    assert found.changes == ()
    assert found.unchanged == run.report.findings
    assert gate(found, "warning") == 0


@settings(max_examples=60, deadline=None)
@given(sources(), sources())
def test_what_is_new_one_way_is_gone_the_other_way(one, other):
    there, back = compare([one], other).changes, compare([other], one).changes
    assert _found(there, Effect.REGRESSION) == _found(back, Effect.IMPROVEMENT)
    assert _found(there, Effect.CHANGE) == _found(back, Effect.CHANGE)


def _found(changes, effect):
    """Return the findings that changed in one way, without the harmless ones' severity, which a change has no use for."""
    return sorted(
        (change.subject, change.finding.location is None)
        for change in changes
        if change.kind is ChangeKind.FINDING and change.effect is effect
    )


@settings(max_examples=60, deadline=None)
@given(sources(), sources())
def test_gate_fails_for_a_regression_that_is_grave_enough_and_for_nothing_else(one, other):
    found = compare([one], other)
    grave = {change.severity for change in regressions(found)}
    assert gate(found, "error") == (Severity.ERROR in grave)
    assert gate(found, "warning") == bool(grave & {Severity.ERROR, Severity.WARNING})
    assert gate(found, "never") == 0
    kept = [change for change in found.changes if change.effect is not Effect.REGRESSION]
    assert all(change.severity is Severity.INFO for change in kept)
