"""missing-detach (GP105).

## What it does

Finds a target network, or a teacher, that a loss differentiates: its values were copied from parameters that an optimizer
owns (or are averages of them), no optimizer owns it, and a branch of a backpropagated loss leads to it and to nothing that is
trained, so the branch could be cut without loss.

Likewise a policy gradient whose weight has a gradient of its own (`log_prob(sample) * (reward - value)`), and a loss that leaves
gradients in another optimizer's parameters, which that one then steps with.

It is a warning, and stays quiet about copies that do not require a gradient, about networks that the gradient has to go
through (a perceptual loss, a critic in the actor's loss), and about networks that an optimizer owns.

## Why is this bad

The target is no constant: memory and time go into gradients that nobody uses, they pile up on the copy, and where the copy
shares tensors with the model, the update is another one than meant.

## Example

```python
target = copy.deepcopy(q)
goal = reward + gamma * target(next_state).max(1)[0]     # named: no detach(), no no_grad
loss = F.mse_loss(q(state), goal)
```

## Fix

Compute the target under `torch.no_grad()`, or freeze the copy: `target.requires_grad_(False)`.

## Known problems

A bootstrap target made by the very model that is trained (no copy) cannot be told from a residual gradient that is meant.

## Options

None.

## References

- <https://docs.pytorch.org/tutorials/intermediate/reinforcement_q_learning.html>
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from gradprobe.extensions import Check
from gradprobe.values import Confidence, Finding, RelatedSite, Severity
from gradprobe_checks.books import Book, Source, books
from gradprobe_checks.provenance import counted, listed, modules_of, observations, own_backwards, reaches

if TYPE_CHECKING:
    from gradprobe.record.record import ObservationSeen, Record
    from gradprobe.values import Observation, Site

LEAST: Final = 3
"""Steps with another loss's gradients from which it is said."""


def find(record: Record) -> Iterator[Finding]:
    """Yield a finding for each branch to a copy that should have been cut."""
    yield from _leaks(record)
    yield from _live_weights(record)
    told: set[tuple[str, ...]] = set()
    discarded = {name for observation, _ in observations(record, "discarded-detach") for name in observation.parameters}
    for observation, seen in observations(record, "unowned-branch"):
        copies = {
            position
            for position, one in enumerate(record.parameters)
            if one.name in observation.parameters and one.optimizer is None and _is_copy(record, position)
        }
        names = modules_of(record, copies)
        if copies and names not in told and not discarded.issuperset(record.parameters[one].name for one in copies):
            told.add(names)
            yield _finding(record, observation, seen, copies)


def _live_weights(record: Record) -> Iterator[Finding]:
    """Yield a finding for each policy gradient whose weight is differentiated as well."""
    owned = {one.name for one in record.parameters if one.optimizer is not None}
    for observation, seen in observations(record, "live-weight"):
        if owned.issuperset(observation.parameters):
            places = {position for position, one in enumerate(record.parameters) if one.name in observation.parameters}
            yield _weight_finding(record, observation, seen, modules_of(record, places))


def _weight_finding(
    record: Record, observation: Observation, seen: ObservationSeen, modules: tuple[str, ...]
) -> Finding:
    names = listed(modules)
    return Finding(
        check=CHECK.name,
        code=CHECK.code,
        severity=Severity.WARNING,
        confidence=Confidence.LIKELY,
        title=f"the policy's loss trains {names} as well: the advantage is not detached",
        message=f"The log-probability of a sample is multiplied by a weight that {names} makes, and the gradient of the product goes "
        f"into {counted(len(observation.parameters), 'parameter')} of it: it is trained to make the policy's loss small, not only its own.",
        fix="detach the weight: log_prob * advantage.detach(), or compute it under torch.no_grad()",
        not_this=f"a smaller learning rate for {names}: it would still follow two losses",
        location=observation.site,
        first_step=seen.first_step,
        last_step=max(record.facts.steps - 1, seen.first_step),
        related=observation.related,
        modules=modules,
        evidence={"parameters": len(observation.parameters)},
    )


def _leaks(record: Record) -> Iterator[Finding]:
    """Yield a finding for each loss whose gradients leak into another optimizer's step."""
    all_books = list(books(record))
    direct = own_backwards(record)
    for book in all_books:
        own = direct.get(book.optimizer, set())
        if book.stale and book.stale >= 0.5 * book.steps:
            continue  # Nothing is ever cleared here: missing-zero-grad says so.
        for source in book.sources:
            others = {number for number, sites in direct.items() if number != book.optimizer and source.site in sites}
            is_leak = source.foreign >= LEAST and source.foreign >= 0.8 * source.used and source.site not in own
            if is_leak and others and own and not _shares(record, own, others):
                yield _leak_finding(record, book, source, others)


def _shares(record: Record, own: set[Site], others: set[int]) -> bool:
    """Return whether the optimizer's own losses reach what the others own: then they are trained together, as meant."""
    positions = {position for position, one in enumerate(record.parameters) if one.optimizer in others}
    return any(positions.intersection(reach.reached) for reach in reaches(record) if reach.site in own)


def _leak_finding(record: Record, book: Book, source: Source, others: set[int]) -> Finding:
    mine = {position for position, one in enumerate(record.parameters) if one.optimizer == book.optimizer}
    theirs = {position for position, one in enumerate(record.parameters) if one.optimizer in others}
    modules = modules_of(record, mine)
    names, other_names = listed(modules), listed(modules_of(record, theirs))
    return Finding(
        check=CHECK.name,
        code=CHECK.code,
        severity=Severity.WARNING,
        confidence=Confidence.LIKELY,
        title=f"the loss that trains {other_names} trains {names} as well",
        message=f"This backward trains {other_names}, whose optimizer steps right after it, and leaves gradients in {names}; nothing "
        f"clears them before the optimizer of {names} steps, which used them in {source.foreign} steps together with its own.",
        fix=f"clear the gradients of {names} after this backward (zero_grad() before its own backward), or detach() what this "
        f"loss takes from {names}",
        not_this="retain_graph=True, or another order of the steps alone: the gradients stay where they are until they are cleared",
        location=source.site,
        first_step=1,
        last_step=max(record.facts.steps - 1, 0),
        related=(RelatedSite(book.site, "optimizer step"),),
        modules=modules,
        evidence={"steps": source.foreign},
    )


def _is_copy(record: Record, position: int) -> bool:
    """Return whether a parameter holds what was copied from one that an optimizer owns."""
    account = record.accounts.get(position)
    if account is None:
        return False
    return any(record.parameters[source].optimizer is not None for source in account.copied_from)


def _finding(record: Record, observation: Observation, seen: ObservationSeen, copies: set[int]) -> Finding:
    modules = modules_of(record, copies)
    names = listed(modules)
    return Finding(
        check=CHECK.name,
        code=CHECK.code,
        severity=Severity.WARNING,
        confidence=Confidence.LIKELY,
        title=f"the loss is differentiated into {names}, a copy that nothing trains: a detach is missing",
        message=f"{counted(len(copies), 'parameter')} of {names} hold copies of parameters that are trained, no optimizer owns "
        "them, and the loss sends its gradient into them along a branch that leads to nothing else. Their gradients pile up "
        "unused, and the target is no constant.",
        fix=f"compute this under torch.no_grad(), or detach() its result, or freeze the copy: {modules[0]}.requires_grad_(False)",
        not_this=f"giving {names} to an optimizer: it is to follow the model, not the loss",
        location=observation.site,
        first_step=seen.first_step,
        last_step=seen.last_step,
        related=observation.related,
        modules=modules,
        parameters=tuple(record.parameters[position].name for position in sorted(copies)),
        evidence={"parameters": len(copies)},
    )


CHECK: Final = Check(name="missing-detach", code="GP105", find=find, page=__doc__ or "")
