"""A check's page taken apart."""

from gradprobe.text.pages import first_sentence, section

PAGE = """some-check (GP999).

## What it does

Finds a line. And says
which.

## Why is this bad

It is
not good.
"""


def test_a_section_is_one_line():
    assert section(PAGE, "Why is this bad") == "It is not good."
    assert section(PAGE, "What it does") == "Finds a line. And says which."
    assert section(PAGE, "What") == ""


def test_the_first_sentence_says_what_a_check_does():
    assert first_sentence(PAGE) == "Finds a line."
