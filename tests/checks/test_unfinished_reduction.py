"""unfinished-reduction: parameters that DistributedDataParallel waited for in vain."""

from gradprobe.values import Observation, RelatedSite, Severity, Site
from gradprobe_checks import unfinished_reduction
from tests.support.records import record

MADE = Site("/home/user/train.py", 18, "Net.__init__", "self.aux = nn.Linear(8, 2)")
RAISED = Site("/home/user/train.py", 40, "main", "model(x)")
EXCEPTION = "RuntimeError: Expected to have finished reduction in the prior iteration before starting a new one."


def run(exception=EXCEPTION, **more):
    detail = {"used": False, "reached": False, "all": False, **more}
    seen = Observation("reduction-unfinished", MADE, (RelatedSite(RAISED, "raised here"),), ("net.aux",), detail)
    made = record({"net": ["weight", "aux"]}, steps=2, observations=[seen], exception=exception, exit_code=1)
    return list(unfinished_reduction.find(made))


def test_names_the_parameters_and_the_line():
    (finding,) = run()
    assert finding.location == MADE
    assert finding.severity is Severity.ERROR
    assert finding.parameters == ("net.aux",)
    assert "find_unused_parameters" not in finding.fix


def test_what_is_used_in_some_batches_only():
    assert "find_unused_parameters=True" in run(used=True, reached=True)[0].fix


def test_what_is_computed_and_left_out_of_the_loss():
    assert "no loss uses" in run(used=True)[0].message


def test_a_loss_that_is_made_from_something_else():
    assert "output of the DistributedDataParallel model" in run(all=True)[0].fix


def test_an_exception_that_did_not_end_the_run():
    assert not run(exception=None)
