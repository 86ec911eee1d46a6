"""A mapping whose keys are objects that it does not keep alive."""

import gc
import sys

import pytest
import torch

from gradprobe.recorder.weak_map import WeakMap


class Thing:
    """Something that can die."""


def test_an_entry_goes_with_its_object():
    things, kept = WeakMap(), Thing()
    lost = Thing()
    things.set(kept, 1)
    things.set(lost, 2)
    things.set(kept, 3)
    assert (things.get(kept), things.get(lost), len(things)) == (3, 2, 2)
    del lost
    assert (kept in things, Thing() in things, len(things)) == (True, False, 1)
    assert (things.items(), things.values()) == ([(kept, 3)], [3])


def test_an_entry_goes_with_a_cycle():
    things = WeakMap()
    thing = Thing()
    thing.itself = thing
    things.set(thing, 1)
    del thing
    gc.collect()
    assert len(things) == 0


def test_tensors_are_told_apart_by_identity():
    tensors, one = WeakMap(), torch.ones(3)
    tensors.set(one, "one")
    assert tensors.get(one) == "one"
    assert tensors.get(torch.ones(3)) is None


@pytest.mark.parametrize("make", [Thing, lambda: torch.ones(3)], ids=["object", "tensor"])
def test_no_python_runs_where_an_object_dies(make):
    """Ctrl-C in there would be reported and lost."""
    things = WeakMap()
    key = make()
    things.set(key, 1)
    calls = []
    sys.setprofile(lambda frame, event, _: calls.append(frame.f_code.co_name) if event == "call" else None)
    try:
        del key
    finally:
        sys.setprofile(None)
    assert len(things) == 0
    assert calls == []
