"""The progress line of a console that is no terminal."""

from hypothesis import given
from hypothesis import strategies as st

from gradprobe.live.plain import WIDEST, progress_line
from gradprobe.text.safe import cells

names = st.text(max_size=200)
numbers = st.floats()


def test_one_plain_line():
    line = progress_line(10, {"loss": 2.31}, {"qwen": 1.23e-5, "agent": None, "head": 0.0})

    assert line == "gradprobe: step 10  loss 2.31  qwen 1.23e-05  agent none  head 0"


def test_says_how_many_did_not_fit():
    # "gradprobe: step 10" has 18 characters, "  module_00 1.00e+00" 20; 18 + 4 * 20 = 98, and a fifth would leave
    # no room for "  and 15 more" (98 + 20 + 13 = 131 > 120)
    line = progress_line(10, {}, {f"module_{number:02}": 1.0 for number in range(20)})

    assert line.endswith("module_03 1.00e+00  and 16 more")
    assert len(line) <= WIDEST


@given(st.integers(0, 10**9), st.dictionaries(names, numbers), st.dictionaries(names, st.none() | numbers))
def test_is_one_short_line_whatever_the_names(step, metrics, norms):
    line = progress_line(step, metrics, norms)

    assert cells(line) <= WIDEST
    assert "\n" not in line and "\x1b" not in line
