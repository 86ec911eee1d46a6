"""What deep steps and the recorder's books saw of a run's structure: evidence for checks, not yet a judgement.

An observation is kept once for its kind and place, with the steps it was seen in; what it says is replaced by what it
says newest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from gradprobe.values.finding import RelatedSite
from gradprobe.values.site import Site

Detail: TypeAlias = "float | int | str | bool | None"


@dataclass(frozen=True, slots=True)
class GradCut:
    """A place where the way of the gradient ends: the value goes on, the gradient does not come back.

    Attributes:
        number: Its number in the record, by which `LossReach.cut` names it.
        kind: What ends it: `no_grad`, `inference_mode`, `set_grad_enabled`, `detach`, `data`, `item`, `numpy`, `tensor`, `cast`,
            `index`, `comparison`, `rounding`, `draw`, `sample`, `custom-function`, `checkpoint`, `integer`, `other`.
        site: The line to edit: where gradients were turned off, or where the operation stands.
        operation: Name of the operation, `argmax`.
        at: Where the first operation ran whose gradient ended here; differs from `site` where gradients had been turned off.
        handed_over: Whether what it made was told to require a gradient: a leaf whose gradient the script sends on by itself.
        certain: Whether the value was followed from tensor to tensor; False where it left torch and came back as an equal number.
    """

    number: int
    kind: str
    site: Site
    operation: str
    at: Site
    handed_over: bool = False
    certain: bool = True


@dataclass(frozen=True, slots=True)
class LossReach:
    """What a backward reaches from its loss, over all deep steps together; positions are those of `Record.parameters`.

    Attributes:
        site: Where `backward()` was called.
        loss: Name of the metric under which the loss is recorded.
        reached: Parameters that the gradient reaches.
        cut: For each cut on the way, by its number, the parameters whose value came to the loss through it and whose
            gradient ends there (they may be reached on another way).
        frozen: Parameters that the loss depends on and that do not require a gradient.
        unnamed: How many further leaves it reaches that have no position: they are in no module or optimizer that was seen.
        has_graph: Whether the loss had a graph at all, when last seen (a loss that was only told to require a gradient has none).
        looked_at: How often it was looked at.
        operations: Names of the last operations that made the loss, newest first, at the most eight.
    """

    site: Site
    loss: str
    reached: tuple[int, ...]
    cut: Mapping[int, tuple[int, ...]]
    frozen: tuple[int, ...] = ()
    unnamed: int = 0
    has_graph: bool = True
    looked_at: int = 1
    operations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Observation:
    """Anything else that was seen and that a check may rest on.

    Attributes:
        what: What was seen, in kebab-case; the check that reads it knows what the details mean.
        site: Where: the line that a finding would name.
        related: Its other ends.
        parameters: Names of the parameters concerned.
        detail: Numbers and words.
        key: Tells observations apart that share kind and place.
    """

    what: str
    site: Site
    related: tuple[RelatedSite, ...] = ()
    parameters: tuple[str, ...] = ()
    detail: Mapping[str, Detail] = field(default_factory=dict)
    key: str = ""


Observed: TypeAlias = GradCut | LossReach | Observation


def key_of(observed: Observed) -> tuple[object, ...]:
    """Return what an observation shares with those that are the same again."""
    match observed:
        case GradCut():
            return "GradCut", observed.number
        case LossReach():
            return "LossReach", observed.site, observed.loss
        case Observation():
            return observed.what, observed.site.file, observed.site.line, observed.key
