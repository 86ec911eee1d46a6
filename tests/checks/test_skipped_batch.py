"""skipped-batch: all batches, some of them, too few to say."""

import pytest

from gradprobe.values import Observation, Severity, Site
from gradprobe_checks.skipped_batch import CHECK
from tests.support.records import record

AT = Site("/home/user/train.py", 7, "Net.training_step", "def training_step(self, batch, batch_idx):")


@pytest.mark.parametrize(
    ("skipped", "batches", "severity"),
    [
        (3, 3, Severity.ERROR),
        (2, 2, Severity.INFO),  # Too few to say that nothing will be trained.
        (99, 100, Severity.INFO),
        (1, 100, Severity.INFO),
    ],
)
def test_severity(skipped, batches, severity):
    seen = [Observation("skipped-batches", AT, detail={"skipped": skipped, "batches": batches})]
    [finding] = CHECK.find(record({"model": ["weight"]}, observations=seen))
    assert (finding.severity, finding.location) == (severity, AT)
    assert f"None for {skipped} of {batches} batches" in finding.message


def test_a_run_without_any_is_quiet():
    assert not list(CHECK.find(record({"model": ["weight"]})))
