"""What a policy may say: green and red flags, validated by pydantic.

Imports pydantic, and is therefore imported by the functions that need it.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator

Name: TypeAlias = Annotated[str, Field(strict=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=80)]
"""Letters, digits, `.`, `_` and `-`: it stands in tables, test ids and file names."""
Pattern: TypeAlias = Annotated[str, Field(strict=True, pattern=r"^\S+$", max_length=300)]
"""An fnmatch pattern without blanks; see `gradprobe.policy.match`."""
Count: TypeAlias = Annotated[int, Field(strict=True, ge=1, le=2**62)]
"""A number of steps."""
Norm: TypeAlias = Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)]
"""An L2 norm."""
Severity: TypeAlias = Literal["error", "warning", "info"]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Flag(_Table):
    """What every flag has.

    Attributes:
        name: Shown in reports.
        severity: Its colour when broken: `error` red, `warning` amber, `info` grey (it is said and changes no verdict).
    """

    name: Name
    severity: Severity = "error"


class GradientFlows(_Flag):
    """A module gets a gradient in the steps in which its optimizer consumes one.

    Steps in which the module was not due (its optimizer did not step) do not count, on either side.

    Attributes:
        module: Pattern over modules; of those that match, the topmost are judged, each with its children.
        window: Broken when the gradient was zero or none in this many due steps in a row, anywhere in the run.
        first: Broken when there never was a gradient that is not zero, once the module was due this often.
    """

    kind: Literal["gradient-flows"]
    module: Pattern
    window: Count | None = None
    first: Count | None = None

    @model_validator(mode="after")
    def _judges_something(self) -> GradientFlows:
        if self.window is None and self.first is None:
            raise ValueError("expected window or first, or both (numbers of steps), found neither")
        return self


class GradientNorm(_Flag):
    """The median gradient norm of a module lies within a range.

    Attributes:
        module: As in `GradientFlows`.
        low: Smallest L2 norm, unscaled by AMP.
        high: Largest.
        window: Steps with a gradient before it is judged.
    """

    kind: Literal["gradient-norm"]
    module: Pattern
    low: Norm
    high: Norm
    window: Count = 10

    @model_validator(mode="after")
    def _is_a_range(self) -> GradientNorm:
        if self.low > self.high:
            raise ValueError(f"expected low <= high, found low = {self.low:g} and high = {self.high:g}")
        return self


class MetricTrend(_Flag):
    """A metric goes down, or up, over the run; broken when it goes the other way or is shown to be flat.

    Attributes:
        metric: Pattern over metrics; every one that matches is judged.
        source: Only metrics of this source: `loss` (seen at a `backward()`) or `log` (given to `gradprobe.log`).
    """

    kind: Literal["falling", "rising"]
    metric: Pattern
    source: Literal["loss", "log"] | None = None


class Finite(_Flag):
    """Values of a metric, or gradients of a module, are neither NaN nor infinite.

    Attributes:
        metric: Pattern over metrics; every one that matches is judged.
        module: Pattern over modules, as in `GradientFlows`; exactly one of the two is given.
        source: As in `MetricTrend`.
        at_end: Broken only when the run ends that way: with `window` values in a row that are not finite (all of them,
            where a metric has fewer). A gradient scaler looking for its scale makes gradients overflow, which is right.
        window: Values in a row that are not finite that break it.
    """

    kind: Literal["finite"]
    metric: Pattern | None = None
    module: Pattern | None = None
    source: Literal["loss", "log"] | None = None
    at_end: Annotated[bool, Field(strict=True)] = False
    window: Count = 1

    @model_validator(mode="after")
    def _has_one_target(self) -> Finite:
        if (self.metric is None) == (self.module is None):
            raise ValueError(f"expected either metric or module, found {'neither' if self.metric is None else 'both'}")
        if self.source is not None and self.metric is None:
            raise ValueError("expected metric beside source, found module")
        return self


class NoBackwardErrors(_Flag):
    """No exception left a backward pass.

    Broken when one ended the run; doubtful (amber at most) when the script caught it and made no step with a gradient
    after it. One after which training went on is only said; one by which a run is ended on purpose
    (`KeyboardInterrupt`, `SystemExit`) is not meant.
    """

    kind: Literal["no-backward-errors"]


PolicyFlag: TypeAlias = GradientFlows | GradientNorm | MetricTrend | Finite | NoBackwardErrors
FLAGS: tuple[type[PolicyFlag], ...] = (GradientFlows, GradientNorm, MetricTrend, Finite, NoBackwardErrors)


class Expect(_Table):
    """What is meant, although it looks like a mistake; each a list of patterns over parameters and modules.

    Attributes:
        frozen: Parameters that are not to be trained.
        severed: Parameters whose gradient is cut off on purpose.
    """

    frozen: tuple[Pattern, ...] = ()
    severed: tuple[Pattern, ...] = ()


class Policy(_Table):
    """A policy: what a healthy run looks like.

    Attributes:
        format: Version of this format, 1; `schema` in the file.
        name: Shown in reports.
        flags: Its lines; `[[flag]]` in the file.
        expect: What is meant although it looks like a mistake.
    """

    format: Annotated[int, Field(strict=True, ge=1, le=1, alias="schema")]
    name: Name
    flags: Annotated[tuple[Annotated[PolicyFlag, Field(discriminator="kind")], ...], Field(alias="flag")]
    expect: Expect = Expect()

    @model_validator(mode="after")
    def _names_differ(self) -> Policy:
        if not self.flags:
            raise ValueError("expected at least one [[flag]], found none")
        names = [flag.name for flag in self.flags]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"expected a name of its own for each flag, found {name!r} twice")
        return self
