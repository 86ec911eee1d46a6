"""Modules within modules."""

from gradprobe.compare.nesting import above, counted, gathered, nearest


def test_above():
    assert above("a.b.c") == ["a.b", "a"]
    assert above("a") == []


def test_nearest():
    assert nearest("a.b.c.d", {"a", "a.b"}) == "a.b"
    assert nearest("ab.c", {"a"}) is None  # `ab` is not in `a`.


def test_gathered():
    names = ["a", "a.b", "a.b.c", "d.e", "ab"]
    assert gathered(names) == {"a": ("a.b", "a.b.c"), "d.e": (), "ab": ()}


def test_counted():
    assert counted("abc") == "a, b, c"
    assert counted("abcde") == "a, b, c and 2 more"
