"""Whose argument is it: the words of `gradprobe run`, divided."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradprobe.commands.split import Split, split
from gradprobe.errors import UsageError

OPTIONS = {"--max-batches": True, "--output": True, "--report": True, "--quiet": False, "--no-live": False}


def rest(*words):
    return split(words, OPTIONS).rest


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--quiet", "t.py", "--quiet", "-x"], Split(("--quiet",), "t.py", None, ("--quiet", "-x"))),
        (["--max_batches", "5", "t.py"], Split(("--max-batches", "5"), "t.py", None, ())),
        (["--max_batches=5", "t.py"], Split(("--max-batches=5",), "t.py", None, ())),
        (["--output=a_b=c", "t.py"], Split(("--output=a_b=c",), "t.py", None, ())),
        (["--output", "train.py", "t.py"], Split(("--output", "train.py"), "t.py", None, ())),
        (["-m", "pkg.train", "-m", "x"], Split((), None, "pkg.train", ("-m", "x"))),
        (["--no_live", "--", "--odd.py", "-m"], Split(("--no-live",), "--odd.py", None, ("-m",))),
        (["--quiet", "--"], Split(("--quiet",), None, None, ())),
        ([], Split((), None, None, ())),
        # No script: what gradprobe does not know is the reference loop's, spelled as it was.
        (["--fault", "stray-no-grad", "--quiet"], Split(("--quiet",), None, None, ("--fault", "stray-no-grad"))),
        (["--agent_lr=1e-5", "--seed", "-3"], Split((), None, None, ("--agent_lr=1e-5", "--seed", "-3"))),
        (["--verbose", "--output", "d"], Split(("--output", "d"), None, None, ("--verbose",))),
    ],
)
def test_examples(words, expected):
    assert split(words, OPTIONS) == expected


@pytest.mark.parametrize("words", [["--fault", "x", "t.py"], ["--fault", "t.py"], ["--fault=x", "-m", "pkg"]])
def test_option_of_the_script_before_the_script_is_an_error(words):
    with pytest.raises(UsageError, match=r"found --fault.*options of the script stand after it"):
        split(words, OPTIONS)


values = st.text("abz019=_ .", min_size=1).filter(lambda word: not word.startswith("-"))
own = st.one_of(
    st.sampled_from([["--quiet"], ["--no-live"]]),
    st.tuples(st.sampled_from(["--max-batches", "--output", "--report"]), values).map(list),
    st.tuples(st.sampled_from(["--max-batches", "--output"]), values).map(lambda pair: ["=".join(pair)]),
)
anything = st.lists(st.text("-=m_ab.py019 ", max_size=6))


@given(st.lists(own), st.sampled_from([["train.py"], ["a b"], ["-m", "pkg.train"]]), anything)
def test_every_word_is_kept_in_order_before_and_after_a_program(before, program, after):
    """All words up to the program are gradprobe's, the program is one or two words, all after it are the program's."""
    words = [word for option in before for word in option]
    divided = split([*words, *program, *after], OPTIONS)
    assert list(divided.own) == words
    assert [divided.script] if divided.module is None else ["-m", divided.module] == program
    assert list(divided.rest) == after


foreign = st.one_of(
    st.sampled_from([["--seed", "3"], ["--lr=1e-3"], ["--verbose"], ["--agent_lr", "1e-5"], ["--shift", "-2"]])
)


@given(st.lists(st.one_of(own.map(lambda words: (True, words)), foreign.map(lambda words: (False, words)))))
def test_without_a_program_every_word_is_kept_in_order(options):
    """`own` and `rest` are the words of each owner in their order; none is lost, changed or added."""
    mine = [word for is_own, words in options if is_own for word in words]
    theirs = [word for is_own, words in options if not is_own for word in words]
    divided = split([word for _, words in options for word in words], OPTIONS)
    assert (list(divided.own), list(divided.rest)) == (mine, theirs)
    assert divided.script is divided.module is None
