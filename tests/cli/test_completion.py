"""The completion scripts, as a shell runs them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from mcsyncd.cli.completion import SHELLS
from mcsyncd.cli.main import COMMANDS


@pytest.fixture
def path(tmp_path):
    """A PATH on which `mcsyncd` is this checkout's."""
    command = tmp_path / "mcsyncd"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m mcsyncd "$@"\n')
    command.chmod(0o755)
    return f"{tmp_path}:{os.environ['PATH']}"


def run(path, *command: str, **more: str) -> str:
    return subprocess.run(
        command, env={**os.environ, "PATH": path, **more}, capture_output=True, text=True, check=True
    ).stdout


def complete_in_bash(path, *words: str) -> list[str]:
    script = (
        'eval "$(mcsyncd completion bash)"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); '
        '_mcsyncd_completion mcsyncd; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    # `compopt` outside of a completion fails; it only asks for the shell's own file names.
    script = f"compopt() {{ :; }}; {script}"
    return run(path, "bash", "--norc", "-c", script, "bash", *words).split()


@pytest.mark.skipif(not shutil.which("bash"), reason="no bash here")
def test_bash_completes_commands_subcommands_choices_and_options(path):
    expected = [name for name in COMMANDS if name.startswith("re")]
    assert complete_in_bash(path, "mcsyncd", "re") == expected
    assert "return-originals" in expected, "a name with a hyphen is one word"
    assert complete_in_bash(path, "mcsyncd", "config", "va") == ["validate"]
    assert complete_in_bash(path, "mcsyncd", "verify", "me") == ["media"]
    assert complete_in_bash(path, "mcsyncd", "approve", "--rev") == ["--revision"]


@pytest.mark.parametrize("shell", SHELLS)
def test_each_shell_gets_a_script_for_mcsyncd(path, shell):
    script = run(path, "mcsyncd", "completion", shell)
    assert "_MCSYNCD_COMPLETE" in script
    if shutil.which(shell):
        subprocess.run([shell, "-n"], input=script, text=True, check=True)


def test_completing_a_command_name_loads_no_command(path):
    """The shell waits for it at every press of Tab."""
    program = "import sys; from mcsyncd.cli.main import root_command as r; import click\n"
    program += "r.shell_complete(click.Context(r), '')\n"
    program += "print(*(name for name in sys.modules if name.startswith('mcsyncd.')))"
    loaded = run(path, sys.executable, "-c", program).split()
    assert "mcsyncd.cli.align" not in loaded
