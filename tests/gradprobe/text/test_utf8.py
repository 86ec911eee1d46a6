"""Text for files and databases."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradprobe.text.utf8 import writable


@pytest.mark.parametrize(
    ("text", "shown"), [("qwen.é日", "qwen.é日"), ("not utf-8 \udcff", "not utf-8 \\udcff"), ("\ud800x", "\\ud800x")]
)
def test_half_of_a_pair_is_spelled_out_and_nothing_else(text, shown):
    assert writable(text) == shown


@given(st.text(st.characters()))
def test_it_can_be_encoded(text):
    assert writable(text).encode("utf-8").decode("utf-8") == writable(text)
