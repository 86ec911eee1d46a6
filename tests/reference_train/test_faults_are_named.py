"""Each planted fault of the reference loop is named first, at its line, within three steps in which it shows."""

from __future__ import annotations

import pytest

from gradprobe_reference.faults import FAULTS, fault_site
from tests.support.programs import ProgramServer, loud

CHECKS = {
    "stray-no-grad": "severed-gradient",
    "detached-policy": "severed-gradient",
    "late-parameters": "parameter-not-optimized",
    "forgotten-module": "parameter-not-optimized",
    "recreated-projection": "recreated-parameter",
    "missing-zero-grad": "missing-zero-grad",
    "clip-before-unscale": "clip-before-unscale",
    "half-master": "half-precision-master",
    "eval-left-on": "eval-left-on",
    "float-target": "target-dtype",
    "update-before-backward": "in-place-write",
    "cached-graph": "graph-reuse",
}
FIRST_SHOWS = {"missing-zero-grad": 2}
"""Steps before a fault can show, if any: here gradients must be used once, by an optimizer that has stepped before."""


@pytest.fixture(scope="module")
def server():
    server = ProgramServer()
    yield server
    server.close()


def test_every_fault_is_tried():
    assert set(CHECKS) == set(FAULTS)


@pytest.mark.parametrize("name", CHECKS)
def test_fault_is_the_first_finding_at_its_line(server, tmp_path, name):
    batches = 3 + FIRST_SHOWS.get(name, 0)
    report, _, output = server.run_words(["--device", "cpu", "--max-batches", str(batches), "--fault", name], tmp_path)
    found = loud(report)
    assert found, output
    file, line = fault_site(name)
    first = found[0]
    assert (first["check"], first["location"]["line"]) == (CHECKS[name], line)
    assert first["location"]["file"].endswith(file.name)
    assert len(found) == 1, "one cause, one finding"


@pytest.mark.parametrize(("seed", "batches"), [(0, 3), (1, 12), (2, 30)])
def test_without_a_fault_nothing_is_found(server, tmp_path, seed, batches):
    words = ["--device", "cpu", "--max-batches", str(batches), "--seed", str(seed)]
    report, code, output = server.run_words(words, tmp_path)
    assert (report["findings"], report["verdict"], code) == ([], "healthy", 0), output
