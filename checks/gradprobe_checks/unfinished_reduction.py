"""unfinished-reduction (GP112).

## What it does

Says which parameters are meant by "Expected to have finished reduction in the prior iteration": those that
DistributedDataParallel waited for in vain, because the loss did not reach them. It names the line that registers them where nothing
has used them, else the line that used them when they were used.

It is an error: the exception ended the run.

## Why is this bad

DistributedDataParallel averages gradients as they arrive, and expects one for every parameter that requires one.

## Example

```python
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body, self.aux = nn.Linear(8, 8), nn.Linear(8, 2)   # named: no loss uses aux

model = DistributedDataParallel(Net())
```

## Fix

Use them in the loss, or freeze or remove them; where they are used in some batches only, pass `find_unused_parameters=True`.

## Known problems

None.

## Options

None.

## References

- <https://docs.pytorch.org/docs/stable/generated/torch.nn.parallel.DistributedDataParallel.html>
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from gradprobe.extensions import Check
from gradprobe.values import Confidence, Finding, RelatedSite, Severity
from gradprobe_checks.provenance import counted, listed, modules_of, observations
from gradprobe_checks.severed_gradient import find as severed

if TYPE_CHECKING:
    from gradprobe.record.record import ObservationSeen, Record
    from gradprobe.values import Observation


OBSERVED: Final = "reduction-unfinished"


def find(record: Record) -> Iterator[Finding]:
    """Yield a finding for the reduction that was not finished, where that ended the run."""
    if record.facts.exception is None:
        return
    for observation, seen in observations(record, OBSERVED):
        meant = set(observation.parameters)
        cut = next((one for one in severed(record) if one.location and meant & set(one.parameters)), None)
        yield _finding(record, observation, seen, cut)


def _finding(record: Record, observation: Observation, seen: ObservationSeen, cut: Finding | None) -> Finding:
    places = {position for position, one in enumerate(record.parameters) if one.name in observation.parameters}
    modules = modules_of(record, places)
    names = listed(modules or observation.parameters)
    number = counted(len(observation.parameters), "parameter")
    if cut is not None:
        why, fix = "their gradient ends at this line, on its way back from the loss", cut.fix
    elif observation.detail["all"]:
        why = "no gradient came to any parameter: the loss is not made from what the wrapped model's forward returns"
        fix = "compute the loss from the output of the DistributedDataParallel model itself, and call its backward"
    elif observation.detail["used"] and not observation.detail["reached"]:
        why = "this line computes with them, and no loss uses what it makes"
        fix = "use it in the loss, or do not compute it and freeze them with requires_grad_(False) before wrapping the model"
    elif observation.detail["used"]:
        why = "this line uses them in some batches only, and in the last one the loss did not reach them"
        fix = "pass find_unused_parameters=True to DistributedDataParallel, or let every batch go through them"
    else:
        why = "this line registers them, and nothing that the loss depends on has used them"
        fix = "use them in the loss, or remove them or freeze them with requires_grad_(False) before wrapping the model"
    return Finding(
        check=CHECK.name,
        code=CHECK.code,
        severity=Severity.ERROR,
        confidence=Confidence.CERTAIN,
        title=f"DistributedDataParallel waits for gradients of {names} that never come",
        message=f"It expected to have finished reduction in the prior iteration and raised, because {number} of {names} had no gradient: "
        f"{why}.",
        fix=fix,
        not_this="find_unused_parameters=True for parameters that no batch uses: it searches the graph in every step, for nothing",
        location=observation.site if cut is None else cut.location,
        first_step=seen.first_step,
        last_step=seen.last_step,
        related=observation.related
        if cut is None
        else (RelatedSite(observation.site, "used here"), *observation.related),
        modules=modules,
        parameters=observation.parameters,
        evidence={"parameters": len(observation.parameters)},
    )


CHECK: Final = Check(name="unfinished-reduction", code="GP112", find=find, page=__doc__ or "", explains_exceptions=True)
