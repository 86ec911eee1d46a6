"""Any event survives being written and read."""

from __future__ import annotations

import json
import math
from dataclasses import fields
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from gradprobe.record.codec import decode_call, decode_incident, decode_site, encode, encode_site
from gradprobe.values import Call, ClipCall, Crashed, Event, Incident, Site

# Any text Python can hold, with half surrogate pairs (a file name that is not UTF-8) and control characters.
TEXT = st.text(st.characters(codec=None), max_size=20)
SITES = st.builds(Site, TEXT, st.integers(0, 10**9), TEXT, TEXT)
CALLS = st.one_of([st.builds(kind, site=SITES) for kind in get_args(Call)])
INCIDENTS = st.one_of([st.builds(kind, site=SITES) for kind in get_args(Incident)])
PLACE = Site("train.py", 3, "main", "loss.backward()")


def same(one: Event | None, other: Event) -> bool:
    """Equal, where NaN (the limit of a clip call) equals itself."""
    if type(one) is not type(other):
        return False
    pairs = [(getattr(one, field.name), getattr(other, field.name)) for field in fields(other)]
    return all(a == b or (isinstance(a, float) and math.isnan(a) and math.isnan(b)) for a, b in pairs)


@given(CALLS)
def test_any_call_survives(call):
    assert same(decode_call(*encode(call)), call)
    assert decode_incident(*encode(call)) is None


@given(INCIDENTS)
def test_any_incident_survives(incident):
    assert same(decode_incident(*encode(incident)), incident)
    assert decode_call(*encode(incident)) is None


@given(CALLS | INCIDENTS)
def test_what_is_written_is_plain_ascii(event):
    kind, data = encode(event)
    assert (kind + data).isascii()


@given(st.none() | SITES)
def test_any_site_survives(site):
    assert decode_site(encode_site(site)) == site


def test_an_infinite_limit_survives():
    call = ClipCall(PLACE, "norm", math.inf)
    assert decode_call(*encode(call)) == call


def test_the_kind_is_the_name_of_the_class_and_the_site_is_nested():
    kind, data = encode(Crashed(PLACE, "ValueError", "no", "backward"))
    assert kind == "Crashed"
    assert json.loads(data) == {
        "site": {"file": "train.py", "line": 3, "function": "main", "code": "loss.backward()"},
        "type": "ValueError",
        "message": "no",
        "during": "backward",
    }


def test_an_event_of_a_newer_gradprobe_is_passed_over():
    assert decode_call("Teleported", "{}") is None
    assert decode_incident("Crashed", json.dumps({"site": {"file": "a", "line": 1}, "mood": "bad"})) is None


@given(st.binary(max_size=8), st.integers(0, 200))
def test_damaged_data_is_passed_over_or_read_but_raises_nothing(garbage, at):
    kind, data = encode(ClipCall(PLACE, "norm", 1.0))
    damaged = data[:at] + garbage.decode("latin-1") + data[at + len(garbage) :]
    assert isinstance(decode_call(kind, damaged), (ClipCall, type(None)))
