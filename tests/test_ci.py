"""What docs/ci.md and action.yml tell services to run is run here, as far as it goes without them."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

CHECKOUT = Path(__file__).resolve().parents[1]
PATIENCE = 240
TRAIN = """
import argparse
import torch
from torch import nn

parser = argparse.ArgumentParser()
parser.add_argument("--config", default="large")
parser.add_argument("--seed", type=int, default=0)
torch.manual_seed(parser.parse_args().seed)
encoder, head = nn.Linear(8, 16), nn.Linear(16, 1)
optimizer = torch.optim.AdamW([*encoder.parameters(), *head.parameters()], lr=1e-2)
for _ in range(1000):
    x = torch.randn(32, 8)
    loss = nn.functional.mse_loss(head(encoder(x).relu()), x.sum(1, keepdim=True))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
"""
BROKEN = TRAIN.replace("encoder(x).relu()", "encoder(x).relu().detach()")
LINE = next(number for number, line in enumerate(BROKEN.splitlines(), 1) if "detach" in line)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (CHECKOUT / "action.yml").exists(), reason="needs the checkout, and gradprobe is tested away from it"
    ),
]


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A user's project, with a baseline as docs/ci.md has it made."""
    folder = tmp_path_factory.mktemp("template")
    (folder / "train.py").write_text(TRAIN)
    (folder / "requirements.txt").write_text("torch\n")
    (baseline,) = [block for block in blocks("bash") if "--output ci/baseline" in block]
    assert shell(baseline, folder).returncode == 0
    return folder


@pytest.fixture
def project(template, tmp_path):
    """A copy of the project, to be changed."""
    return shutil.copytree(template, tmp_path / "project")


def environment(**more):
    """The environment of a step: gradprobe's own folder first, so that `gradprobe` and `python` are those under test."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("GITHUB", "GRADPROBE"))}
    return {
        **clean,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "OMP_NUM_THREADS": "1",
        **more,
    }


def shell(script, cwd, **more):
    """Run a script as GitHub runs steps with `shell: bash`; packages are there already."""
    script = re.sub(r"^(\s*-?\s*)pip install .*$", r"\1true", script, flags=re.MULTILINE)
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
    return subprocess.run(command, cwd=cwd, env=environment(**more), capture_output=True, text=True, timeout=PATIENCE)


def blocks(language):
    """The code of docs/ci.md in a language."""
    return re.findall(
        rf"^```{language}\n(.*?)^```", (CHECKOUT / "docs" / "ci.md").read_text("utf-8"), re.MULTILINE | re.DOTALL
    )


class Action:
    """The steps of action.yml that are shell, run one after the other as a runner does."""

    def __init__(self, project, **inputs):
        self.definition = yaml.safe_load((CHECKOUT / "action.yml").read_text("utf-8"))
        defaults = {name: str(one.get("default", "")) for name, one in self.definition["inputs"].items()}
        assert set(inputs) <= set(defaults)
        self.inputs = {**defaults, **inputs}
        self.project = project
        self.output, self.summary = project / "output.txt", project / "summary.md"
        self.output.touch()

    def run(self, name):
        (step,) = [step for step in self.definition["runs"]["steps"] if step["name"] == name]
        variables = {
            key: re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda found: self.inputs[found[1]], value)
            for key, value in step["env"].items()
        }
        assert not any("${{" in value for value in variables.values())
        assert "${{" not in step["run"], "an input that is pasted into a script can run anything"
        return shell(
            step["run"],
            self.project / self.inputs["working-directory"],
            GITHUB_ACTIONS="true",
            GITHUB_WORKSPACE=str(self.project),
            GITHUB_OUTPUT=str(self.output),
            GITHUB_STEP_SUMMARY=str(self.summary),
            **variables,
        )

    @property
    def outputs(self):
        return dict(line.split("=", 1) for line in self.output.read_text().splitlines())


def test_every_variable_of_the_action_is_an_input():
    definition = yaml.safe_load((CHECKOUT / "action.yml").read_text("utf-8"))
    used = set(re.findall(r"inputs\.([\w-]+)", (CHECKOUT / "action.yml").read_text("utf-8")))
    assert used == set(definition["inputs"])
    for step in definition["runs"]["steps"]:
        assert ("run" in step) != ("uses" in step)


def test_the_action_passes_a_healthy_script(project):
    action = Action(project, run="--max-batches 20 train.py --config tiny", baseline="ci/baseline")
    ran = action.run("Run")
    assert ran.returncode == 0, ran.stderr
    assert action.outputs == {"verdict": "healthy", "reports": "gradprobe-reports"}
    compared = action.run("Compare")
    assert compared.returncode == 0, compared.stdout + compared.stderr
    reports = {path.name for path in (project / "gradprobe-reports").iterdir()}
    assert reports >= {
        "health.html",
        "health.json",
        "health.sarif",
        "health.xml",
        "compare.html",
        "compare.json",
        "run",
    }
    assert action.summary.read_text().count("# ") >= 1


def test_the_action_fails_a_broken_one_with_an_annotation_on_the_line(project):
    (project / "train.py").write_text(BROKEN)
    action = Action(project, run="--max-batches 20 train.py --config 'with space'", baseline="ci/baseline")
    ran = action.run("Run")
    assert ran.returncode == 1, ran.stderr
    assert re.search(rf"^::error file=train\.py,line={LINE}\b.*detach", ran.stdout, re.MULTILINE)
    assert action.outputs["verdict"] == "red"
    assert f"train.py:{LINE}" in action.summary.read_text()
    results = json.loads((project / "gradprobe-reports" / "health.sarif").read_text())["runs"][0]["results"]
    assert results[0]["locations"][0]["physicalLocation"]["region"]["startLine"] == LINE
    # A broken run is compared all the same: the comparison says since when.
    compared = action.run("Compare")
    assert compared.returncode == 1
    assert "severed-gradient" in compared.stdout


def test_the_action_hands_on_the_scripts_own_code(project):
    (project / "train.py").write_text("raise SystemExit(7)\n")
    action = Action(project, run="train.py")
    assert action.run("Run").returncode == 7


def test_an_input_is_words_and_no_shell(project):
    action = Action(project, run="--max-batches 3 train.py --config '$(touch hacked)' ; touch hacked2")
    action.run("Run")
    assert not (project / "hacked").exists()
    assert not (project / "hacked2").exists()


def test_the_installation_of_the_action_is_a_checkout_that_can_be_installed():
    (step,) = [
        step
        for step in yaml.safe_load((CHECKOUT / "action.yml").read_text("utf-8"))["runs"]["steps"]
        if step["name"] == "Install gradprobe"
    ]
    assert step["env"]["GRADPROBE_INSTALL"] == "${{ inputs.install || github.action_path }}"
    assert (CHECKOUT / "pyproject.toml").exists()


def test_two_lines_do_without_the_action(project):
    (block,) = [block for block in blocks("bash") if block.startswith("pip install gradprobe")]
    ran = shell(block, project, GITHUB_ACTIONS="true")
    assert ran.returncode == 0, ran.stderr
    assert (project / "health.sarif").exists()


@pytest.mark.parametrize(("source", "code"), [(TRAIN, 0), (BROKEN, 1)], ids=["healthy", "broken"])
def test_gitlab(project, source, code):
    (project / "train.py").write_text(source)
    (job,) = [yaml.safe_load(block)["gradients"] for block in blocks("yaml") if block.startswith("gradients:")]
    ran = shell("\n".join(job["script"]), project)
    assert ran.returncode == code, ran.stdout + ran.stderr
    assert (project / job["artifacts"]["reports"]["junit"]).exists()
    if code == 0:
        assert all((project / path).exists() for path in job["artifacts"]["paths"])


def test_jenkins(project):
    (project / "train.py").write_text(BROKEN)
    (pipeline,) = blocks("groovy")
    commands = re.findall(r"^\s*sh '(.*)'$", pipeline, re.MULTILINE)
    assert len(commands) == 2
    ran = shell("\n".join(commands), project)
    assert ran.returncode == 1, ran.stdout + ran.stderr
    for name in re.findall(r"(?:testResults|artifacts): '(.*?)'", pipeline):
        assert (project / name).exists()


def test_pre_commit_refuses_the_push_of_a_broken_script(project):
    """The real pre-commit, with the hook of this checkout as it is committed in a repository of its own."""
    hooks = project / "gradprobe-hooks"
    hooks.mkdir()
    (hooks / ".pre-commit-hooks.yaml").write_text((CHECKOUT / ".pre-commit-hooks.yaml").read_text())
    git = "git -c user.name=me -c user.email=me@example.org -c commit.gpgsign=false"
    assert shell(f"git init -q . && git add -A && {git} commit -qm hooks", hooks).returncode == 0
    (block,) = [block for block in blocks("yaml") if block.startswith("# .pre-commit-config.yaml")]
    config = block.replace("https://github.com/OWNER/gradprobe", str(hooks)).replace("rev: main", "rev: HEAD")
    (project / ".pre-commit-config.yaml").write_text(config)
    (project / ".gitignore").write_text("gradprobe-hooks/\n.gradprobe/\nci/\n.home/\n")
    assert shell(f"git init -q . && git add -A && {git} commit -qm project", project).returncode == 0
    push = "pre-commit run --hook-stage pre-push --all-files"
    home = {"PRE_COMMIT_HOME": str(project / ".home")}
    healthy = shell(push, project, **home)
    assert healthy.returncode == 0, healthy.stdout + healthy.stderr
    (project / "train.py").write_text(BROKEN)
    broken = shell(push, project, **home)
    assert broken.returncode == 1
    assert f"train.py:{LINE}" in broken.stdout


def test_words_of_the_page_are_those_of_the_command_line():
    """Every option that docs/ci.md uses is one that the commands have."""
    text = (CHECKOUT / "docs" / "ci.md").read_text("utf-8")
    for command in ("run", "compare"):
        help_text = subprocess.run(
            [sys.executable, "-m", "gradprobe", command, "--help"],
            env=environment(COLUMNS="200"),
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for line in re.findall(rf"gradprobe {command} (.*)$", text, re.MULTILINE):
            for word in shlex.split(line.split(" train.py")[0].rstrip("',")):
                if word.startswith("--") and word not in ("--config",):
                    assert word in help_text, (command, word)
