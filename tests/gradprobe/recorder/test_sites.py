"""Whose code a line is."""

import sysconfig
from pathlib import Path

import pytest

from gradprobe.recorder.sites import Sites


@pytest.mark.parametrize("name", ["gradprobe", "torchrun", "accelerate"])
def test_launchers_among_the_scripts_of_an_environment_are_nobodys(name):
    assert not Sites().is_user_file(str(Path(sysconfig.get_path("scripts")) / name))


def test_a_script_is_the_users_wherever_it_lies(tmp_path):
    scripts = Path(sysconfig.get_path("scripts"))
    assert Sites().is_user_file(str(tmp_path / "train.py"))
    assert Sites([scripts]).is_user_file(str(scripts / "train.py"))
