"""A watch in a real notebook: begun in one cell, ended in another, shown where it ends."""

from __future__ import annotations

import os
import sys
import warnings

import pytest

nbformat = pytest.importorskip("nbformat", reason="nbformat is not installed")
nbclient = pytest.importorskip("nbclient", reason="nbclient is not installed")

LOOP = """for _ in range(6):
    optimizer.zero_grad()
    loss = model[2](model[1](FEATURES(torch.randn(8, 4)))).square().mean()
    loss.backward()
    optimizer.step()"""
CELLS = {
    "imports": "import torch\nimport gradprobe\nfrom torch import nn\nwatch = gradprobe.watch()\nwatch.start()",
    "model": """model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)""",
    "severed": "def features(x):\n    with torch.no_grad():\n        return model[0](x)\n\n"
    + LOOP.replace("FEATURES", "features"),
    "stop": "watch.stop()",
    "second": "second = gradprobe.watch().start()",
    "fails": LOOP.replace("FEATURES", "model[0]") + "\nraise ValueError('in the middle')",
    "third": "third = gradprobe.watch().start()\n"
    + LOOP.replace("FEATURES", "model[0]").replace("6", "5")
    + "\nthird.stop()",
    "steps": "print(second.steps, second.run().facts.steps, third.steps)",
    "again": "third.stop()",
    "twice": "fourth = gradprobe.watch().start()\nfourth.start()",
    "never": "gradprobe.watch().stop()",
    "nothing": "fourth.stop()",
    "report": "watch.report()",
}


@pytest.fixture(scope="module")
def outputs(tmp_path_factory):
    """Run the cells in one kernel; return what each showed, by kind."""
    folder = tmp_path_factory.mktemp("notebook")
    cells = [nbformat.v4.new_code_cell(source) for source in CELLS.values()]
    notebook = nbformat.v4.new_notebook(cells=cells)
    environment = {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "PYTHONWARNINGS": "ignore"}
    with warnings.catch_warnings(), pytest.MonkeyPatch.context() as patch:
        warnings.simplefilter("ignore")  # Of the kernel's client: of event loops, sockets and paths.
        for name, value in environment.items():
            patch.setenv(name, value)
        options = {"timeout": 120, "allow_errors": True, "resources": {"metadata": {"path": str(folder)}}}
        nbclient.NotebookClient(notebook, **options).execute()
    return {name: _shown(cell) for name, cell in zip(CELLS, notebook.cells, strict=True)}


def _shown(cell) -> dict[str, str]:
    found = {}
    for output in cell.outputs:
        if output.output_type == "error":
            found["error"] = f"{output.ename}: {output.evalue}"
        elif output.output_type == "stream":
            found[output.name] = output.text
        else:
            found.update(output.data)
    return found


def test_it_says_that_it_records(outputs):
    assert outputs["imports"]["text/plain"].startswith("gradprobe: recording to ")
    assert "error" not in outputs["severed"]


def test_the_end_shows_a_table_with_verdict_line_and_fix(outputs):
    page = outputs["stop"]["text/html"]
    assert page.startswith('<div class="gradprobe-report" data-verdict="red">')
    assert "RED after 6 steps of notebook" in page
    assert "<td" in page
    assert "severed-gradient" in page
    # The `with` is in the second line of the third cell.
    assert "In[3]:2 in features" in page
    assert "<code>with torch.no_grad():</code>" in page
    assert "move what is to be trained out of the no_grad block" in page


def test_plain_text_says_the_same(outputs):
    text = outputs["stop"]["text/plain"]
    assert text.startswith("gradprobe: RED after 6 steps of notebook")
    assert "In[3]:2 in features" in text
    assert "fix  move what is to be trained out" in text


def test_a_cell_that_fails_leaves_its_recording_to_the_next_start(outputs):
    assert outputs["fails"]["error"] == "ValueError: in the middle"
    assert outputs["steps"]["stdout"] == "6 6 5\n"
    assert 'data-verdict="healthy"' in outputs["third"]["text/html"]


def test_what_is_ended_stays_as_it_was(outputs):
    assert outputs["again"] == outputs["third"]


def test_words_for_what_cannot_be(outputs):
    assert outputs["twice"]["error"].startswith(
        "RecordError: expected a watch that does not record yet, found one that does"
    )
    assert outputs["never"]["error"].startswith(
        "RecordError: expected a watch that records, found one that was never started"
    )
    assert outputs["nothing"]["text/plain"].startswith("gradprobe: no training was seen")


def test_the_whole_report_shows_the_lines_of_the_cell(outputs):
    page = outputs["report"]["text/html"]
    assert page.startswith("<iframe ")
    assert "with torch.no_grad():" in page
