"""The diagnosis on the exception: there where a script catches it, and not twice on the terminal."""

import subprocess
import sys
import traceback

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import gradprobe
from gradprobe.notes import PREFIX, hidden

pytestmark = pytest.mark.skipif(sys.version_info < (3, 11), reason="exceptions have notes from Python 3.11 on")


def notes_on(error):
    return getattr(error, "__notes__", [])


def notes_of(code, folder):
    """Return the exception that code raises under the recorder, and gradprobe's notes on it."""
    with pytest.raises((RuntimeError, LookupError)) as caught, gradprobe.watch(folder):
        code()
    return caught.value, [note for note in notes_on(caught.value) if note.startswith(PREFIX)]


def second_backward():
    torch.manual_seed(0)
    cell = nn.RNNCell(4, 4)
    optimizer = torch.optim.SGD(cell.parameters(), lr=0.01)
    state = torch.zeros(2, 4)
    for _ in range(3):
        state = cell(torch.randn(2, 4), state)
        optimizer.zero_grad()
        state.square().mean().backward()
        optimizer.step()


def wrong_dtype():
    layer = nn.Linear(4, 3)
    labels = torch.tensor([0.0, 1.0])
    F.cross_entropy(layer(torch.randn(2, 4)), labels).backward()


def no_graph():
    layer = nn.Linear(4, 3)
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
    loss = layer(torch.randn(2, 4)).argmax(1).float().mean()
    loss.backward()
    optimizer.step()


@pytest.mark.parametrize(
    ("code", "check", "line"),
    [
        (second_backward, "graph-reuse", "state = cell(torch.randn(2, 4), state)"),
        (wrong_dtype, "target-dtype", "labels = torch.tensor([0.0, 1.0])"),
        (no_graph, "loss-without-graph", "loss = layer(torch.randn(2, 4)).argmax(1).float().mean()"),
    ],
)
def test_the_exception_carries_the_cause(code, check, line, tmp_path):
    with pytest.raises(RuntimeError) as plain:
        code()
    error, notes = notes_of(code, tmp_path / "run")
    (note,) = notes
    assert check in note
    assert line in note
    assert "fix:" in note
    assert len(note.splitlines()) == 3
    assert (type(error), str(error)) == (plain.type, str(plain.value))


def test_a_script_that_catches_it_sees_it(tmp_path):
    seen = []

    def code():
        for _ in range(3):
            try:
                second_backward()
            except RuntimeError as error:
                seen.append(notes_on(error))

    with gradprobe.watch(tmp_path / "run"):
        code()
    assert [len(notes) for notes in seen] == [1, 1, 1]


def test_operations_that_a_script_tries_too(tmp_path):
    seen = []
    with gradprobe.watch(tmp_path / "run"):
        try:
            wrong_dtype()
        except RuntimeError as error:
            seen += notes_on(error)
    assert "target-dtype" in seen[0]


def test_other_exceptions_are_left_alone(tmp_path):
    def code():
        layer = nn.Linear(4, 3)
        optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
        for step in range(4):
            layer(torch.randn(2, 4)).mean().backward()
            optimizer.step()
            if step == 3:
                raise LookupError("of the script's own")

    _, notes = notes_of(code, tmp_path / "run")
    assert not notes


def test_notes_are_hidden_while_a_traceback_is_shown():
    error, first = ValueError("text"), LookupError("first")
    error.__context__ = first
    first.__notes__ = [f"{PREFIX}why"]
    error.__notes__ = ["the script's own", f"{PREFIX}why"]
    with hidden(error):
        shown = "".join(traceback.format_exception(error))
    assert PREFIX not in shown
    assert "the script's own" in shown
    assert notes_on(error) == ["the script's own", f"{PREFIX}why"]
    assert notes_on(first) == [f"{PREFIX}why"]


SCRIPT = """
import torch
from torch import nn
{hook}
cell = nn.RNNCell(4, 4)
optimizer = torch.optim.SGD(cell.parameters(), lr=0.01)
state = torch.zeros(2, 4)
for _ in range(3):
    state = cell(torch.randn(2, 4), state)
    state.square().mean().backward()
    optimizer.step()
"""


def ran(hook, folder):
    script = folder / "train.py"
    script.write_text(SCRIPT.format(hook=hook))
    words = [sys.executable, "-m", "gradprobe", "run", "--output", str(folder / "run"), str(script)]
    return subprocess.run(words, capture_output=True, text=True, check=False)


def test_the_terminal_shows_the_cause_once(tmp_path):
    done = ran("", tmp_path)
    assert done.returncode == 1
    before, _, report = done.stderr.partition("a second time")
    assert "Traceback" in before
    assert "graph-reuse" in report
    assert f"{PREFIX}an old graph" not in done.stderr


def test_a_hook_of_the_scripts_own_gets_the_note(tmp_path):
    hook = "import sys\nsys.excepthook = lambda kind, error, trace: print(*error.__notes__)"
    done = ran(hook, tmp_path)
    assert f"{PREFIX}an old graph" in done.stdout
