"""What to say of a learning rate that has become nothing: what set it, where, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from gradprobe.values import RelatedSite
from gradprobe_checks.provenance import observations

if TYPE_CHECKING:
    from gradprobe.record.record import Optimizer, Record
    from gradprobe.values import Observation, Site


class Words(NamedTuple):
    """What set a rate: where, how, what to do, and its other ends."""

    location: Site | None
    how: str
    fix: str
    related: tuple[RelatedSite, ...] = ()


def schedulers_of(record: Record, number: int) -> list[Observation]:
    """Return the schedulers that were built for an optimizer."""
    return [one for one, _ in observations(record, "scheduler-built") if one.detail.get("optimizer") == number]


def loads_of_zero(record: Record, number: int) -> list[Observation]:
    """Return the calls that loaded a rate of zero into an optimizer."""
    return [
        one
        for one, _ in observations(record, "rate-loaded")
        if one.detail.get("optimizer") in (number, None) and one.detail.get("rate") == 0.0
    ]


def words_for(record: Record, optimizer: Optimizer, *, was_anything: bool) -> Words:
    """Return what to say.

    Args:
        record: The run.
        optimizer: Whose rate it is.
        was_anything: Whether the rate was more than zero in some step.
    """
    built, loaded = schedulers_of(record, optimizer.number), loads_of_zero(record, optimizer.number)
    by_hand = [one.site for one, _ in observations(record, "rate-assigned")]
    if built:
        return _schedule(max(built, key=_is_to_blame))
    if loaded:
        return Words(
            loaded[-1].site,
            "The state that is loaded into the optimizer here has a learning rate of zero: the end of the schedule it was saved at.",
            'set the rate after loading: group["lr"] = ... for each of optimizer.param_groups, or load the schedule\'s state too',
        )
    if by_hand:
        return Words(
            by_hand[0],
            "The script itself sets the learning rate here.",
            "look at what is assigned here: a counter that is never raised, an integer division, a number of steps that is too small",
            tuple(RelatedSite(site, "learning rate set here") for site in by_hand[1:4]),
        )
    how = "The optimizer is built here with a learning rate of zero, and nothing raises it."
    if was_anything:
        how = "What sets the learning rate of this optimizer was not seen."
    return Words(
        optimizer.built,
        how,
        "give the optimizer the learning rate that is meant; look for a rate that is rounded to zero",
    )


def _is_to_blame(built: Observation) -> tuple[bool, bool]:
    """Return whether a scheduler's arguments explain a rate of zero."""
    zero = any(built.detail.get(name) == 0 for name in ("gamma", "factor", "end_factor"))
    return zero, built.detail.get("class") != "ConstantLR"


def _schedule(built: Observation) -> Words:
    name, detail = str(built.detail.get("class")), built.detail
    for argument in ("gamma", "factor", "end_factor"):
        if detail.get(argument) == 0:
            every = f" every {detail['step_size']} of its steps" if "step_size" in detail else ""
            return Words(
                built.site,
                f"The scheduler {name} multiplies the learning rate by {argument}=0{every}.",
                f"use a {argument} between 0 and 1, or {argument}=1 (or no scheduler) to leave the rate as it is",
            )
    length = next((one for one in ("total_iters", "T_max", "total_steps") if one in detail), None)
    if length is not None:
        return Words(
            built.site,
            f"The scheduler {name} ends after {length}={detail[length]} of its steps.",
            f"give it the true length of training as {length}, in the unit in which scheduler.step() is called",
        )
    if built.related:
        return Words(
            built.site,
            f"The schedule of {name} returns zero (its function begins at line {built.related[0].site.line}).",
            "look at the function: an integer division (//) where / was meant, a number of steps or epochs that is too small; count its "
            "length in the unit in which scheduler.step() is called",
            built.related,
        )
    arguments = ", ".join(f"{key}={value}" for key, value in detail.items() if key not in ("class", "optimizer"))
    return Words(
        built.site,
        f"The scheduler {name} ({arguments or 'built here'}) brings the learning rate down.",
        "give the schedule a lowest rate (min_lr, eta_min), or the true length of training",
    )
