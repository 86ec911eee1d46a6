"""Events as JSON and back: the class's name and its fields, with the site as a nested object."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any, Final, cast, get_args

from gradprobe.record.record import Account
from gradprobe.values import Call, Event, GradCut, Incident, LossReach, Observation, Observed, RelatedSite, Site

_KINDS: Final[dict[str, type]] = {kind.__name__: kind for kind in (*get_args(Call), *get_args(Incident))}


def to_json(value: Any) -> str:
    """Return a dataclass and those within it as JSON (`dataclasses.asdict` copies everything in depth first)."""
    return json.dumps(_fields_of(value), ensure_ascii=True, default=_fields_of)


def _fields_of(value: Any) -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in fields(value)}


def encode(event: Event) -> tuple[str, str]:
    """Return the event's kind and its fields as JSON."""
    return type(event).__name__, to_json(event)


def decode_call(kind: str, data: str) -> Call | None:
    """Return the call, or None where its kind is not one of a call (written by a newer gradprobe, or damaged)."""
    event = _decode(kind, data)
    return cast(Call, event) if isinstance(event, get_args(Call)) else None


def decode_incident(kind: str, data: str) -> Incident | None:
    """Return the incident, or None where its kind is not one of an incident (written by a newer gradprobe, or damaged)."""
    event = _decode(kind, data)
    return cast(Incident, event) if isinstance(event, get_args(Incident)) else None


def encode_observed(observed: Observed) -> tuple[str, str]:
    """Return the observation's kind and its fields as JSON."""
    return type(observed).__name__, to_json(observed)


def decode_observed(kind: str, data: str) -> Observed | None:
    """Return the observation, or None where its kind is not known (written by a newer gradprobe, or damaged)."""
    try:
        fields = json.loads(data)
        fields["site"] = Site(**fields["site"])
        if kind == "GradCut":
            return GradCut(**{**fields, "at": Site(**fields["at"])})
        if kind == "LossReach":
            cut = {int(number): tuple(positions) for number, positions in fields["cut"].items()}
            words = {name: tuple(fields[name]) for name in ("reached", "frozen", "operations")}
            return LossReach(**{**fields, **words, "cut": cut})
        if kind == "Observation":
            related = tuple(RelatedSite(Site(**one["site"]), one["role"]) for one in fields["related"])
            return Observation(**{**fields, "related": related, "parameters": tuple(fields["parameters"])})
    except (TypeError, KeyError, ValueError, AttributeError):
        return None
    return None


def decode_account(data: str) -> Account:
    """Return the account of a parameter that the writer encoded."""
    fields = json.loads(data)
    sites = {
        name: None if fields[name] is None else Site(**fields[name])
        for name in ("registered_at", "made", "frozen_at", "last_write", "used_at")
    }
    chains = {name: tuple(Site(**one) for one in fields[name]) for name in ("made_chain", "used_chain")}
    return Account(**{**fields, **sites, **chains, "copied_from": tuple(fields["copied_from"])})


def encode_site(site: Site | None) -> str | None:
    """Return the site as JSON."""
    return None if site is None else to_json(site)


def decode_site(data: str | None) -> Site | None:
    """Return the site that `encode_site` wrote."""
    return None if data is None else Site(**json.loads(data))


def _decode(kind: str, data: str) -> object:
    if kind not in _KINDS:
        return None
    try:
        fields = json.loads(data)
        return _KINDS[kind](**{**fields, "site": Site(**fields["site"])})
    except (TypeError, KeyError, ValueError):
        return None
