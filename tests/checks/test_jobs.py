"""The checks over the ranks of a job, on records of every kind of difference."""

import pytest

from gradprobe.record.run import read_run
from gradprobe.values import ClipCall, Severity, Site, StepSkipped
from gradprobe_checks.identical_batches import CHECK as IDENTICAL
from gradprobe_checks.lagging_rank import CHECK as LAGGING
from gradprobe_checks.rank_divergence import CHECK as DIVERGENCE
from tests.support.jobs import STEPPED, write_rank

CLIP = Site("/home/user/train.py", 9, "<module>", "clip_grad_norm_(model.parameters(), 1.0)")


def job(run, *rows, kind="wrapped", ranks=None, **options):
    """One rank for each row of digests, one digest of one parameter for each step."""
    for rank, row in enumerate(rows):
        digests = {(f"{kind}-parameters", step): ((0,), (bits,), (1.0 + bits,)) for step, bits in enumerate(row)}
        write_rank(
            run, rank, world=len(rows), steps=len(row), digests=digests, **(ranks or {}).get(rank, {}), **options
        )
    return read_run(run)


def found(record):
    return [(one.severity, one.location, one.first_step) for one in DIVERGENCE.find(record)]


def test_replicas_that_stay_alike(tmp_path):
    assert found(job(tmp_path / "run", (1, 2, 3), (1, 2, 3))) == []


def test_replicas_that_go_apart_without_a_known_cause(tmp_path):
    assert found(job(tmp_path / "run", (1, 2, 3), (1, 5, 6))) == [(Severity.WARNING, None, 1)]


def test_clipping_on_one_rank_is_the_cause(tmp_path):
    clipping = {1: {"calls": [ClipCall(CLIP, "norm", 1.0)]}}
    assert found(job(tmp_path / "run", (1, 2, 3), (1, 5, 6), ranks=clipping)) == [(Severity.ERROR, CLIP, 1)]


def test_a_step_that_a_scaler_skips_on_one_rank_is_the_cause(tmp_path):
    skipping = {1: {"incidents": [StepSkipped(STEPPED, 0)]}}
    assert found(job(tmp_path / "run", (1, 2, 3), (1, 5, 6), ranks=skipping)) == [(Severity.ERROR, STEPPED, 1)]


def test_ranks_with_different_numbers_of_steps_are_not_held_against_each_other_by_them(tmp_path):
    """As where one has more data than the other, under `Join`; a cause that was seen is told."""
    rows = (1, 2, 3, 4, 5, 6), (1, 2, 3, 4, 7, 6, 8)
    assert found(job(tmp_path / "run", *rows)) == []
    clipping = {1: {"incidents": [StepSkipped(STEPPED, 0)]}}
    assert found(job(tmp_path / "skipping", *rows, ranks=clipping)) != []
    assert found(job(tmp_path / "early", (1, 2, 3, 4), (1, 5, 6, 7, 8))) != []


def test_replicas_that_meet_again_are_no_error(tmp_path):
    """Local SGD averages the weights only now and then."""
    assert found(job(tmp_path / "run", (1, 2, 3), (1, 5, 3))) == [(Severity.INFO, None, 1)]


def test_models_that_nothing_keeps_alike(tmp_path):
    assert found(job(tmp_path / "run", (1, 2), (4, 5), kind="plain")) == [(Severity.INFO, None, 0)]


def test_models_that_were_alike_and_went_apart(tmp_path):
    assert found(job(tmp_path / "run", (1, 2, 3), (1, 2, 5), kind="plain")) == [(Severity.WARNING, None, 2)]


def test_one_process_alone_cannot_diverge(tmp_path):
    assert found(job(tmp_path / "run", (1, 2, 3))) == []


def batches(run, *rows):
    for rank, row in enumerate(rows):
        digests = {("batch", step): ((), (bits,), (1.0,)) for step, bits in enumerate(row)}
        write_rank(run, rank, world=len(rows), steps=len(row), digests=digests)
    return [one.severity for one in IDENTICAL.find(read_run(run))]


@pytest.mark.parametrize(
    ("rows", "severities"),
    [
        ([(1, 2, 3), (1, 2, 3)], [Severity.WARNING]),
        ([(1, 1, 1), (1, 1, 1)], [Severity.INFO]),
        ([(1, 2, 3), (1, 2, 4)], []),
        ([(1, 2), (1, 2)], []),
        ([(1, 2, 3), (1, 2, 3), (7, 8, 9)], []),
    ],
)
def test_the_same_batches_on_every_rank(tmp_path, rows, severities):
    assert batches(tmp_path / "run", *rows) == severities


@pytest.mark.parametrize(
    ("alone", "whole", "steps", "named"),
    [
        ((0.1, 0.5), (0.6, 0.6), 50, "1"),
        ((0.1, 0.1, 0.9, 0.1), (1.0, 1.0, 1.0, 1.0), 50, "2"),
        ((0.5, 0.1, 0.9, 0.1), (1.0, 1.0, 1.0, 1.0), 50, "0, 2"),  # As on a slow machine with two of the four.
        ((0.1, 0.5), (0.6, 0.6), 10, None),  # Too few steps.
        ((0.1, 0.12), (0.6, 0.6), 50, None),
        ((0.001, 0.005), (0.6, 0.6), 50, None),  # Next to nothing of a step.
        ((0.5, 0.5, 0.1), (0.6, 0.6, 0.6), 50, None),  # One is faster than the others.
        ((0.1, 0.5), (0.2, 0.6), 50, None),  # Neither waits for the other.
    ],
)
def test_the_ranks_that_the_others_wait_for(tmp_path, alone, whole, steps, named):
    run = tmp_path / "run"
    for rank, pace in enumerate(zip(alone, whole, strict=True)):
        write_rank(run, rank, world=len(alone), steps=steps, pace=[*pace, steps])
    findings = list(LAGGING.find(read_run(run)))
    assert [one.evidence["ranks"] for one in findings] == ([] if named is None else [named])
    assert all(one.severity is Severity.INFO for one in findings)


@pytest.mark.parametrize(
    "other",
    [{}, {"pace": [0.5, 0.6, 50], "names": ["head.weight", "head.bias"]}, {"pace": [0.5, 0.6, 50], "exit_code": 1}],
    ids=["not measured", "another model", "failed"],
)
def test_ranks_that_cannot_be_held_against_each_other(tmp_path, other):
    write_rank(tmp_path / "run", 0, steps=50, pace=[0.1, 0.6, 50])
    write_rank(tmp_path / "run", 1, steps=50, **other)
    assert list(LAGGING.find(read_run(tmp_path / "run"))) == []
