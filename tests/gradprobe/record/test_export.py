"""Frames as files, read back by pandas."""

from __future__ import annotations

import pandas as pd
import pytest

import gradprobe
from gradprobe.errors import UsageError
from gradprobe.record.export import FRAMES, export
from gradprobe.record.rows import IncidentRow
from gradprobe.record.writer import new_record
from gradprobe.values import Site, Warned
from tests.gradprobe.record.written import FACTS, steps, writer

INDEX = {"steps": ["step"], "modules": ["module", "step"], "parameters": ["name"]}


@pytest.fixture
def run(tmp_path):
    (tmp_path / "run").mkdir()
    record = writer(tmp_path / "run" / "rank-0.sqlite")
    batch = steps(6)
    # A file and a text that are no UTF-8: Python holds them as halves of surrogate pairs.
    batch.incidents.append(IncidentRow(2, Warned(Site("/tmp/caf\udce9.py", 1, "f", 'x = ","\n'), "W", "\ud800")))
    record.write(batch)
    record.finish()
    return gradprobe.open(record.path)


@pytest.mark.parametrize(
    ("path", "files"),
    [
        ("frames.parquet", [f"frames-{name}.parquet" for name in FRAMES]),
        ("folder", [f"folder/{name}.parquet" for name in FRAMES]),
        ("new/frames.csv", [f"new/frames-{name}.csv" for name in FRAMES]),
        ("there.v2", [f"there.v2/{name}.parquet" for name in FRAMES]),
    ],
)
def test_files_are_named_after_their_frames(path, files, run, tmp_path):
    (tmp_path / "there.v2").mkdir()
    assert export(run, tmp_path / path) == [tmp_path / file for file in files]
    assert all((tmp_path / file).is_file() for file in files)


def test_parquet_is_read_back_equal(run, tmp_path):
    for name, file in zip(FRAMES, export(run, tmp_path / "x.parquet"), strict=True):
        found, expected = pd.read_parquet(file), getattr(run, name)
        if name == "parameters":
            found["shape"], expected = found["shape"].map(tuple), expected.copy()
        pd.testing.assert_frame_equal(found, expected, check_exact=True)


def test_csv_is_read_back_equal(run, tmp_path):
    for name, file in zip(FRAMES, export(run, tmp_path / "x.csv"), strict=True):
        found = pd.read_csv(file, index_col=INDEX.get(name, 0), keep_default_na=False, na_values=[""])
        expected = getattr(run, name).copy()
        if name == "steps":
            found["time"] = pd.to_datetime(found["time"])
            expected["time"] = expected["time"].astype(found["time"].dtype)
        if name == "parameters":
            expected["shape"] = expected["shape"].map(str)  # CSV has no lists.
        pd.testing.assert_frame_equal(found, expected, check_exact=True)


def test_what_is_no_utf8_is_spelled_out(run, tmp_path):
    export(run, tmp_path / "x.parquet")
    event = pd.read_parquet(tmp_path / "x-events.parquet").iloc[-1]
    assert (event["file"], event["code"]) == ("/tmp/caf\\udce9.py", 'x = ","\n')
    assert event["details"] == "category=W, message=\\ud800"


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_a_run_of_nothing_is_exported_too(suffix, tmp_path):
    new_record(tmp_path / "rank-0.sqlite", FACTS).finish()
    run = gradprobe.open(tmp_path)
    for name, file in zip(FRAMES, export(run, tmp_path / f"x{suffix}"), strict=True):
        found = pd.read_csv(file) if suffix == ".csv" else pd.read_parquet(file)
        assert len(found) == 0
        assert set(getattr(run, name).columns) <= set(found.columns)


def test_another_suffix_is_refused(run, tmp_path):
    with pytest.raises(
        UsageError, match=r"expected a path that ends with \.parquet or \.csv, found .*x\.xlsx; or name a"
    ):
        export(run, tmp_path / "x.xlsx")
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_a_place_that_cannot_be_written(run, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=r"cannot write below .*; name a place that can be written") as caught:
        export(run, tmp_path / "file" / "x.csv")
    assert "\n" not in str(caught.value)
