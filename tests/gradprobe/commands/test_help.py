"""The command line, frozen: what a user may rely on changes only on purpose.

To write these files again, from the checkout, after having read the difference:

    for command in "" run report watch compare explain export policy; do
        COLUMNS=80 gradprobe $command --help >tests/gradprobe/commands/help/${command:-gradprobe}.txt
    done
"""

from pathlib import Path

import pytest

FROZEN = sorted((Path(__file__).parent / "help").glob("*.txt"))


def test_every_command_is_frozen(here):
    listed = here("--help").out.split("Commands:\n")[1].split("\n\n")[0]
    commands = {line.split()[0] for line in listed.splitlines() if line[2:3].strip()}
    assert {path.stem for path in FROZEN} == {"gradprobe", *commands}


@pytest.mark.parametrize("path", FROZEN, ids=lambda path: path.stem)
def test_help_at_width_80(here, path):
    ran = here(*([] if path.stem == "gradprobe" else [path.stem]), "--help")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == path.read_text()
    assert max(map(len, ran.out.splitlines())) <= 80
