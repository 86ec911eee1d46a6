"""What only a fresh process can show: torch is the script's to import, and the reference loop runs without a script."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gradprobe.record.directory import find_record
from gradprobe.record.reader import read_record
from tests.gradprobe.commands.test_training import SETUP
from tests.gradprobe.runner.programs import run
from tests.support.documents import report_in

THREADS = f"""import os, sys
assert "torch" not in sys.modules
os.environ["OMP_NUM_THREADS"] = "1"
{SETUP}
assert torch.get_num_threads() == 1, torch.get_num_threads()
for _ in range(3): train_step()
"""


@pytest.mark.skipif(os.cpu_count() == 1, reason="one core: torch takes one thread whatever the script sets")
def test_what_the_script_sets_before_it_imports_torch_holds(tmp_path):
    (tmp_path / "train.py").write_text(THREADS)
    ran = run("train.py", cwd=tmp_path, options=["--output", "run"])
    assert ran.returncode == 0, ran.stderr.decode()
    assert read_record(find_record(tmp_path / "run")).facts.steps == 3


def test_reference_loop_takes_its_options_and_ours(tmp_path):
    """The planted fault is found: Qwen's parameters are stepped twice and never get a gradient."""
    words = ["--fault", "stray-no-grad", "--max_batches", "2", "--device", "cpu", "--report", "out.json"]
    ran = run(cwd=tmp_path, options=words)
    assert ran.returncode in (0, 1), ran.stderr.decode()
    report = report_in(tmp_path / "out.json")
    assert report["run"]["script"] == "-m gradprobe_reference"
    assert report["run"]["argv"] == ["--fault", "stray-no-grad", "--device", "cpu", "--max-batches", "2"]
    assert report["run"]["steps"] == 2
    qwen = next(module for module in report["modules"] if module["name"] == "qwen")
    assert qwen["steps_with_gradient"] == 0


def test_console_script_is_the_same_program(tmp_path):
    """`gradprobe` and `python -m gradprobe` start in different places of `sys.path`; the script sees neither."""
    command = Path(sys.executable).with_name("gradprobe")
    if not command.exists():
        pytest.skip(f"gradprobe is not installed beside {sys.executable}")
    (tmp_path / "train.py").write_text("import sys; print(sys.path, sys.argv); sys.exit(3)")
    by_name = subprocess.run([command, "run", "--quiet", "train.py"], cwd=tmp_path, capture_output=True, check=False)
    by_module = run("train.py", cwd=tmp_path, options=["--quiet"])
    assert by_name.stdout == by_module.stdout and by_name.stdout.startswith(f"['{tmp_path}'".encode())
    assert (by_name.returncode, by_module.returncode) == (3, 3)
