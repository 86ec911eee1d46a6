import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from gradprobe_reference.command_line import main
from gradprobe_reference.faults import FAULTS, fault_site
from gradprobe_reference.qwen import QwenPrompter

ROOT = Path(__file__).parents[2] / "reference_train"


def test_the_command_of_the_quick_reference_runs_without_gradprobe(tmp_path):
    blocked = tmp_path / "gradprobe.py"
    blocked.write_text("raise ImportError('gradprobe is not installed')\n")
    options = "--epochs 10 --agent_lr 1e-5 --qwen_lr 5e-5 --device cpu --max_batches 2"
    run = subprocess.run(
        [sys.executable, "-m", "gradprobe_reference", *options.split()],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Batch 0: Qwen_grad: 0.00e+00 (computing)  Loss: " in run.stdout
    assert "Mask_ratio: 1.000  Reward: +" in run.stdout


def test_hyphens_underscores_and_a_model_of_one_s_own(tmp_path, capsys):
    qwen = QwenPrompter()
    qwen.embedder.save_pretrained(tmp_path)
    qwen.tokenizer.save_pretrained(tmp_path)
    assert main(["--max-batches=1", "--qwen_model", str(tmp_path), "--agent-lr", "1e-3", "--seed", "3"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == ["Validation before batch 0", "Batch 0"]


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["--fault", "no-such"], "there is no fault 'no-such'; choose from stray-no-grad,"),
        (["--max-batches", "0"], "expected a whole number of at least 1, found '0'"),
        (["--epochs", "ten"], "expected a whole number of at least 1, found 'ten'"),
        (["--agent-lr", "nan"], "expected a learning rate of zero or more, found 'nan'"),
        (["--qwen-lr", "fast"], "expected a learning rate of zero or more, found 'fast'"),
        (["--device", "toaster"], "'toaster' is no device; expected auto, cpu, cuda or cuda:N"),
        (["--device", "meta"], "runs on cpu and cuda, not on meta"),
        (["--no-such-option"], "unrecognized arguments: --no-such-option"),
        (["--qwen-model", "/no/such/folder", "--max-batches", "1"], "/no/such/folder"),
    ],
)
def test_bad_options_are_one_line_and_exit_2(argv, said, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(argv)
    assert stopped.value.code == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device here")
@pytest.mark.parametrize("device", ["cuda", "cuda:0"])
def test_cuda_where_there_is_none(device, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["--device", device])
    assert stopped.value.code == 2
    assert capsys.readouterr().err == (
        f"gradprobe_reference: error: argument --device: {device} was asked for, but torch finds 0 CUDA devices here; "
        "use --device cpu (see --help)\n"
    )


def test_faults_are_listed_with_their_sites(capsys):
    assert main(["--list-faults"]) == 0
    out = capsys.readouterr().out
    for name in FAULTS:
        file, line = fault_site(name)
        assert f"{name}\n  wrote " in out
        assert f"{file}:{line}\n" in out


def test_a_fault_is_planted_from_the_command_line():
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        main(["--fault", "update-before-backward", "--max-batches", "1", "--device", "cpu"])


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_training_on_cuda_reads_nothing_back_from_the_device_between_refreshes():
    from gradprobe_reference.pieces import Pieces
    from gradprobe_reference.settings import Settings
    from gradprobe_reference.train import train

    def forbid_reads_after_the_first_batch(report):
        torch.cuda.set_sync_debug_mode("error" if report.batch < 9 else "default")

    try:
        train(
            Settings(max_batches=12, device="cuda", mixed_precision=True), Pieces(), forbid_reads_after_the_first_batch
        )
    finally:
        torch.cuda.set_sync_debug_mode("default")
