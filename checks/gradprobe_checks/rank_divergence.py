"""rank-divergence (GP801).

## What it does

Compares replicas over the ranks of a job, by digests of weights and gradients in some steps, and says when they were first
not the same, and by what. It names, as far as it was seen: the conversion of a wrapped model that took the wrapper's hooks from it
(`ddp.to(...)`), an optimizer's step whose gradients were all made within `no_sync()`, gradients that are clipped on some ranks
only, a write into weights on some ranks only, and steps that a gradient scaler skipped on some ranks only.

It is an error where the cause was seen and the weights were still apart at the end, a warning where the cause is not known. It is
info where nothing was to keep the models alike: no DistributedDataParallel, and they were never the same. Where wrapper-bypassed
or unfinished-reduction names the line, it says nothing.

## Why is this bad

Ranks that are to hold one model train several; the checkpoint of rank 0 has seen the data of rank 0 alone, and nothing raises.

## Example

```python
model = DistributedDataParallel(Net())
model.to(torch.float64)                  # named: the hooks were on the parameters before
```

## Fix

Convert and move a model before it is wrapped. Whatever changes gradients or weights must do the same on every rank.

## Known problems

Digests are taken in the first steps and in those whose number is a power of two: what parts and meets again in between is not seen.
Where ranks take different numbers of steps, as with uneven data under `Join`, later steps of the same number are not the same step,
and what differs in them is told only if its cause was seen.
Models that are sharded are not compared.

## Options

None.

## References

- <https://docs.pytorch.org/docs/stable/notes/ddp.html>
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

from gradprobe.extensions import Check
from gradprobe.record.failures import has_failed
from gradprobe.values import Confidence, Finding, RelatedSite, Severity
from gradprobe_checks.jobs import first_place, is_parted_to_the_end, parted, seen_by_any
from gradprobe_checks.provenance import listed, modules_of

if TYPE_CHECKING:
    from gradprobe.record.rank import Parted
    from gradprobe.record.record import Record
    from gradprobe.values import Site


IN_STEP: Final = 4
"""Steps from the start that are the same on ranks which do not all take equally many: an epoch is longer."""


class Cause(NamedTuple):
    """Why ranks went apart: the line, what it does, and what to do."""

    site: Site
    why: str
    fix: str


def find(record: Record) -> Iterator[Finding]:
    """Yield a finding where replicas are not the same on all ranks, and no other check names the line."""
    explained = ("wrapper-bypassed", "reduction-unfinished")
    if record.ranks is None or any(any(seen_by_any(record, what)) for what in explained):
        return
    apart = parted(record, "wrapped")
    if apart:
        if _is_comparable(record, apart):
            yield _wrapped(record, apart)
        return
    alone = parted(record, "plain")
    if alone and _is_comparable(record, alone):
        yield from _plain(record, alone)


def _is_comparable(record: Record, apart: list[Parted]) -> bool:
    """Return whether steps of the same number are the same step on all ranks, as far as that matters here.

    Ranks with less data than others (under `Join`, for instance) take fewer steps in each epoch. What was not the same in the first
    steps, or has a cause that was seen, is told all the same.
    """
    assert record.ranks is not None
    numbers = {one.steps for one in record.ranks.all if not has_failed(one)}
    return len(numbers) < 2 or apart[0].step < IN_STEP or _cause(record) is not None


def _wrapped(record: Record, apart: list[Parted]) -> Finding:
    cause = _cause(record)
    still = is_parted_to_the_end(record, "wrapped")
    hooked = any(seen_by_any(record, "wrapper-hooked"))
    first = apart[0]
    what = "gradients were not the same" if first.what.endswith("gradients") else "weights were not the same"
    place = cause.site if cause is not None else first_place(record, "model-wrapped")
    if not still or hooked:
        severity = Severity.INFO  # Averaged by a hook of the script's own, or only now and then: local SGD.
    else:
        severity = Severity.ERROR if cause is not None else Severity.WARNING
    again = "" if still else " They were alike again when they were last compared, as where ranks average now and then."
    why = cause.why if cause is not None else "What sets them apart was not seen"
    return _finding(
        record,
        apart,
        severity=severity,
        confidence=Confidence.CERTAIN if cause is not None else Confidence.LIKELY,
        title="ranks that are to hold one model hold different ones",
        message=f"{why}. In step {first.step} {what} on rank {first.rank} as on rank {_lowest(record)}, although "
        f"DistributedDataParallel is to keep them alike.{again}",
        fix=cause.fix
        if cause is not None
        else "look for what only some ranks do between backward and the optimizer's step: writes, clipping, skipped steps",
        not_this="broadcasting the weights again every now and then: in between, each rank trains on its own data alone",
        place=place,
        related=_wrapped_here(record, place),
    )


def _plain(record: Record, alone: list[Parted]) -> Iterator[Finding]:
    """Tell of models that no wrapper keeps alike: a word where they never were, a warning where they were and no longer are."""
    assert record.ranks is not None
    first = min(one.step for one in alone)
    were_alike = first > 0
    if were_alike and not is_parted_to_the_end(record, "plain"):
        return
    cause = _cause(record) if were_alike else None
    yield _finding(
        record,
        alone,
        severity=Severity.WARNING if were_alike else Severity.INFO,
        confidence=Confidence.LIKELY if were_alike else Confidence.POSSIBLE,
        title="the ranks' models have gone apart" if were_alike else "each rank trains a model of its own",
        message=(
            f"{cause.why if cause else 'What sets them apart was not seen'}. The ranks held the same weights until step {first}, and "
            "different ones to the end."
            if were_alike
            else f"The job has {record.facts.world} ranks, and from the first step on their weights and gradients differ: nothing "
            "averages them. No single line can be named: what is missing is a wrapper."
        ),
        fix=cause.fix
        if cause
        else "wrap the model in DistributedDataParallel, or average gradients in every step on every rank",
        not_this="",
        place=cause.site if cause else None,
        related=(),
    )


def _cause(record: Record) -> Cause | None:
    """Return what sets the ranks apart, as far as that was seen, the surest first."""
    for observation, _ in seen_by_any(record, "moved-within-wrapper"):
        if observation.detail["replaced"]:
            return Cause(
                observation.site,
                "This line converts or moves a model after it was wrapped: the wrapper's hooks stay on what its parameters were "
                "before, and average nothing",
                "convert and move the model before it is wrapped in DistributedDataParallel",
            )
    unsynced = first_place(record, "never-synchronised")
    if unsynced is not None:
        return Cause(
            unsynced,
            "Every backward of a step ran within this no_sync(), so its gradients were never averaged over ranks",
            "leave no_sync() for the last micro-batch before optimizer.step()",
        )
    return _clipped(record) or _written(record) or _skipped(record)


def _clipped(record: Record) -> Cause | None:
    """Return the line that clips gradients on some ranks and not, or not as often, on others."""
    assert record.ranks is not None
    counts: dict[Site, set[int]] = {}
    steps = {one.steps for one in record.ranks.all}
    for rank in record.ranks.all:
        for site in {site for one in record.ranks.all for site in one.clips}:
            counts.setdefault(site, set()).add(rank.clips.get(site, 0))
    for site, numbers in counts.items():
        if len(numbers) > 1 and len(steps) == 1:
            return Cause(
                site, "This line clips gradients on some ranks only", "clip on every rank: the norm is the same there"
            )
    return None


def _written(record: Record) -> Cause | None:
    """Return the line that writes into weights on one process and on none of those that saw other things happen."""
    places = [
        {
            (at, account.last_write)
            for at, account in one.accounts.items()
            if account.written and account.last_write is not None
        }
        for one in (record, *record.others)
    ]
    for own in places:
        for other in places:
            for _, site in sorted(own - other, key=lambda one: one[0]):
                if all(site != other_site for _, other_site in other):
                    return Cause(
                        site,
                        "This line writes into weights on some ranks only",
                        "do it on every rank, with the same values, or before the model is wrapped",
                    )
    return None


def _skipped(record: Record) -> Cause | None:
    """Return the line of a gradient scaler's step that is left out on some ranks only."""
    assert record.ranks is not None
    if len({one.skipped for one in record.ranks.all}) < 2:
        return None
    for one in (record, *record.others):
        for seen in one.incidents:
            if type(seen.incident).__name__ == "StepSkipped":
                return Cause(
                    seen.incident.site,
                    "The gradient scaler skips this step on some ranks only",
                    "let all ranks skip together: have gradients averaged before they are unscaled",
                )
    return None


def _wrapped_here(record: Record, place: Site | None) -> tuple[RelatedSite, ...]:
    wrapped = first_place(record, "model-wrapped")
    return () if wrapped is None or wrapped == place else (RelatedSite(wrapped, "wrapped here"),)


def _lowest(record: Record) -> int:
    assert record.ranks is not None
    return record.ranks.all[0].number


def _finding(
    record: Record,
    apart: list[Parted],
    *,
    severity: Severity,
    confidence: Confidence,
    title: str,
    message: str,
    fix: str,
    not_this: str,
    place: Site | None,
    related: tuple[RelatedSite, ...],
) -> Finding:
    places = {at for one in apart if one.step == apart[0].step for at in one.positions if at < len(record.parameters)}
    names = tuple(record.parameters[at].name for at in sorted(places))
    modules = modules_of(record, places)
    return Finding(
        check=CHECK.name,
        code=CHECK.code,
        severity=severity,
        confidence=confidence,
        title=title,
        message=f"{message} First seen in {listed(modules or names)}." if names else message,
        fix=fix,
        not_this=not_this,
        location=place,
        first_step=apart[0].step,
        last_step=max(record.facts.steps - 1, 0),
        related=related,
        modules=modules,
        parameters=names,
        evidence={
            "world": record.facts.world,
            "ranks_apart": len({one.rank for one in apart}),
            "largest_distance": max(one.distance for one in apart),
        },
    )


CHECK: Final = Check(name="rank-divergence", code="GP801", find=find, page=__doc__ or "")
