"""Policies from files: what is wrong is said in one line, with file, line, key, what was expected and found."""

import pytest

from gradprobe.errors import PolicyError
from gradprobe.policy import load_policy, parse_policy, policy_text

HEAD = 'schema = 1\nname = "mine"\n\n'
NOTHING = (
    "mine.toml: expected schema = 1, a name and at least one [[flag]], found nothing; start from `gradprobe policy`"
)
FLOWS = '[[flag]]\nname = "flows"\nkind = "gradient-flows"\nmodule = "qwen"\nwindow = 100\n'


def error(text):
    with pytest.raises(PolicyError) as caught:
        parse_policy(text, "mine.toml")
    message = str(caught.value)
    assert message.isprintable(), "one line"
    return message


def test_a_file_is_read(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text(HEAD + FLOWS)
    for given in (file, str(file)):
        (flag,) = load_policy(given).flags
        assert (flag.name, flag.kind, flag.module, flag.window, flag.severity) == (
            "flows",
            "gradient-flows",
            "qwen",
            100,
            "error",
        )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # the key stands in line 9: two lines of head, a blank, five of the flag, then it
        (
            HEAD + FLOWS + "windw = 3\n",
            "mine.toml:9: flag 1: unknown key windw: expected one of first, kind, module, name, "
            "severity, window; did you mean window?",
        ),
        (
            HEAD + FLOWS + "colour = 3\n",
            "mine.toml:9: flag 1: unknown key colour: expected one of first, kind, module, name, "
            "severity, window; remove it",
        ),
        (HEAD + FLOWS.replace("100", '"100"'), "mine.toml:8: flag 1: window: expected a whole number, found '100'"),
        (HEAD + FLOWS.replace("100", "1.5"), "mine.toml:8: flag 1: window: expected a whole number, found 1.5"),
        (HEAD + FLOWS.replace("100", "true"), "mine.toml:8: flag 1: window: expected a whole number, found True"),
        (HEAD + FLOWS.replace("100", "0"), "mine.toml:8: flag 1: window: expected at least 1, found 0"),
        (
            HEAD + FLOWS.replace("gradient-flows", "gradient-flow"),
            "mine.toml:6: flag 1: kind: expected one of falling, finite, "
            "gradient-flows, gradient-norm, no-backward-errors, rising, found 'gradient-flow'; "
            "did you mean gradient-flows?",
        ),
        (
            HEAD + FLOWS.replace('kind = "gradient-flows"\n', ""),
            "mine.toml:4: flag 1: expected the key kind, found none; add one of "
            "falling, finite, gradient-flows, gradient-norm, no-backward-errors, rising",
        ),
        (
            HEAD + FLOWS.replace('module = "qwen"\n', ""),
            "mine.toml:4: flag 1: expected the key module, found none; add it "
            "(valid keys: first, kind, module, name, severity, window)",
        ),
        (
            HEAD + FLOWS.replace("window = 100\n", ""),
            "mine.toml:4: flag 1: expected window or first, or both (numbers of steps), found neither",
        ),
        (
            HEAD + FLOWS + 'severity = "fatal"\n',
            "mine.toml:9: flag 1: severity: expected 'error', 'warning' or 'info', found 'fatal'",
        ),
        (
            HEAD + FLOWS.replace('"qwen"', '"the qwen"'),
            "mine.toml:7: flag 1: module: expected a pattern without blanks, found 'the qwen'",
        ),
        (HEAD + FLOWS + FLOWS, "mine.toml: expected a name of its own for each flag, found 'flows' twice"),
        (
            FLOWS,
            "mine.toml: expected the key schema, found none; add it (valid keys: schema, name, flag, expect) (and 1 more)",
        ),
        (HEAD, "mine.toml: expected the key flag, found none; add it (valid keys: schema, name, flag, expect)"),
        ("flag = []\n" + HEAD, "mine.toml: expected at least one [[flag]], found none"),
        ("flag = 3\n" + HEAD, "mine.toml:1: flag: expected tables written [[flag]], found 3"),
        (
            HEAD.replace("schema = 1", "schema = 2") + FLOWS,
            "mine.toml:1: schema: expected 1, found 2; write schema = 1, or update gradprobe",
        ),
        (
            HEAD.replace("schema = 1", "schema = true") + FLOWS,
            "mine.toml:1: schema: expected 1, found True; write schema = 1, or update gradprobe",
        ),
        (
            HEAD + "flags = 1\n" + FLOWS,
            "mine.toml:4: unknown key flags: expected one of schema, name, flag, expect; did you mean flag?",
        ),
        (
            "",
            NOTHING,
        ),
        (
            "# only a comment\n",
            NOTHING,
        ),
        ("schema = \n", "mine.toml: expected TOML, found: Invalid value (at line 1, column 10)"),
        (
            HEAD + '[[flag]]\nname = "n"\nkind = "gradient-norm"\nmodule = "*"\nlow = 2\nhigh = 1e-3\n',
            "mine.toml:4: flag 1: expected low <= high, found low = 2 and high = 0.001",
        ),
        (
            HEAD + '[[flag]]\nname = "n"\nkind = "gradient-norm"\nmodule = "*"\nlow = nan\nhigh = 1\n',
            "mine.toml:8: flag 1: low: expected a finite number, found nan",
        ),
        (
            HEAD + '[[flag]]\nname = "n"\nkind = "finite"\n',
            "mine.toml:4: flag 1: expected either metric or module, found neither",
        ),
        (
            HEAD + '[[flag]]\nname = "n"\nkind = "finite"\nmetric = "a"\nmodule = "b"\n',
            "mine.toml:4: flag 1: expected either metric or module, found both",
        ),
    ],
)
def test_what_is_wrong_is_said_in_one_line(text, expected):
    assert error(text) == expected


def test_the_line_is_that_of_the_right_flag():
    second = '[[flag]]\nname = "errors"\nkind = "no-backward-errors"\nwindow = 3\n'
    # three lines of head, five of the first flag, window is the fourth of the second
    assert error(HEAD + FLOWS + second).startswith("mine.toml:12: flag 2: unknown key window")


def test_other_errors_are_counted():
    assert error(HEAD + FLOWS.replace("100", "0") + 'severity = "fatal"\n').endswith(" (and 1 more)")


def test_a_missing_file_names_the_shipped_policies(tmp_path):
    with pytest.raises(
        PolicyError, match=r"expected a policy file or one of default, quick-reference, found no such file"
    ):
        load_policy(tmp_path / "none.toml")


@pytest.mark.parametrize("kind", ["directory", "latin-1", "null"])
def test_an_unreadable_file_is_one_line(tmp_path, kind):
    file = tmp_path / "mine.toml"
    if kind == "directory":
        file.mkdir()
    elif kind == "latin-1":
        file.write_bytes("schema = 1 # für".encode("latin-1"))
    path = f"{file}\0" if kind == "null" else file
    with pytest.raises(PolicyError) as caught:
        load_policy(path)
    assert str(caught.value).isprintable()
    wanted = {"directory": "Is a directory", "latin-1": "expected TOML in UTF-8, found the byte 0xfc", "null": "null"}[
        kind
    ]
    assert wanted in str(caught.value)


def test_the_text_of_no_shipped_policy():
    with pytest.raises(PolicyError, match="expected one of default, quick-reference, found strict"):
        policy_text("strict")
