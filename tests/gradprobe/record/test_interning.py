"""Things that recur are kept once, up to a limit."""

from __future__ import annotations

from gradprobe.record import interning
from gradprobe.record.interning import Incidents, Interned
from gradprobe.values import Site, Warned


def warned(line: int, message: str = "careful") -> Warned:
    return Warned(Site("train.py", line), "UserWarning", message)


def test_a_thing_keeps_its_position():
    kept = Interned[str](10)
    assert [kept.position(item) for item in "abacab"] == [0, 1, 0, 2, 0, 1]
    assert kept.at(2) == "c"


def test_beyond_the_limit_only_known_things_have_a_position():
    kept = Interned[str](2)
    assert [kept.position(item) for item in "abcab"] == [0, 1, None, 0, 1]


def test_what_changed_is_told_until_it_is_saved():
    kept = Interned[str](10)
    first, second = kept.position("a"), kept.position("b")
    kept.count(first, 4)
    kept.count(first, 7)
    assert [(position, seen.item, seen.range) for position, seen in kept.changed()] == [
        (first, "a", (4, 7, 2)),  # seen in steps 4 and 7: two times
        (second, "b", (-1, -1, 0)),  # not seen in any step yet
    ]
    assert len(kept.changed()) == 2, "a write that failed must tell the same again"
    kept.saved()
    assert kept.changed() == []
    kept.count(second, 9)
    assert [(position, seen.range) for position, seen in kept.changed()] == [(second, (9, 9, 1))]


def test_an_incident_is_one_for_its_kind_and_place_whatever_its_text():
    incidents = Incidents()
    for step in range(5):
        incidents.add(step, warned(3, f"loss is {step}"))
    incidents.add(2, warned(4))
    seen = [(seen.item.message, seen.range) for _, seen in incidents.changed()]
    assert seen == [("loss is 0", (0, 4, 5)), ("careful", (2, 2, 1))]


def test_the_step_in_which_an_incident_began_is_known_and_the_others_are_not():
    incidents = Incidents()
    incidents.add(3, warned(1))
    incidents.add(4, warned(1))
    assert [incidents.began_in(step) for step in (2, 3, 4)] == [False, True, False]


def test_incidents_are_bounded(monkeypatch):
    incidents = Incidents()
    for line in range(interning.MOST_INCIDENTS + 10):
        incidents.add(line, warned(line))
    incidents.add(5000, warned(0))
    changed = incidents.changed()
    assert len(changed) == interning.MOST_INCIDENTS
    assert changed[0][1].range == (0, 5000, 2), "one that is known is counted on"
    assert not incidents.began_in(interning.MOST_INCIDENTS), "one that is not kept keeps no step"


def test_steps_kept_from_thinning_are_bounded():
    incidents = Incidents()
    answers = [incidents.keep_another() for _ in range(interning.MOST_KEPT_STEPS + 5)]
    assert answers == [True] * interning.MOST_KEPT_STEPS + [False] * 5
