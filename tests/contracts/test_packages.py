"""The packages carry what an installation needs."""

from __future__ import annotations

import re
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import click
import pytest
import yaml

from mcsyncd import __version__
from mcsyncd.cli.main import COMMANDS, root_command
from packages.environment import COMMANDS as PROGRAMS
from packages.environment import PREFIX, list_missing, write_programs
from packages.man_page import build_man_page, escape_roff

ROOT = Path(__file__).parents[2]
CONTENTS = yaml.safe_load((ROOT / "packages" / "nfpm.yaml").read_text())["contents"]
UNITS = sorted((ROOT / "systemd").glob("*.service"))


@pytest.fixture(scope="module")
def man_page() -> str:
    return build_man_page(root_command)


def test_every_unit_profile_and_rule_is_packaged():
    patterns = [entry["src"] for entry in CONTENTS]
    files = [
        *(ROOT / "systemd").iterdir(),
        *(ROOT / "profiles").iterdir(),
        ROOT / "config" / "production.yaml",
    ]
    names = [str(file.relative_to(ROOT)) for file in files]
    assert [name for name in names if not any(fnmatch(name, pattern) for pattern in patterns)] == []


def test_what_an_administrator_edits_is_never_overwritten():
    kept = {entry["dst"] for entry in CONTENTS if entry.get("type") == "config|noreplace"}
    edited = {entry["dst"] for entry in CONTENTS if entry["dst"].startswith("/etc/")}
    assert (
        kept == edited == {"/etc/mcsync/config.yaml", "/etc/mcsync/profiles/", "/etc/tmpfiles.d/mcsyncd.conf"}
    )


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_each_program_that_a_unit_starts_is_in_the_environment(unit):
    (program,) = re.findall(r"^ExecStart=(\S+)", unit.read_text(), re.MULTILINE)
    assert Path(program).parent == PREFIX / "bin"
    assert Path(program).name in PROGRAMS


def test_the_manual_page_has_every_command_and_every_option(man_page):
    context = click.Context(root_command, info_name="mcsyncd")
    for name in COMMANDS:
        command = root_command.get_command(context, name)
        assert escape_roff(f"mcsyncd {name} ") in man_page
        options = [
            option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)
        ]
        assert [
            option for option in options if option.startswith("-") and escape_roff(option) not in man_page
        ] == []


def test_no_line_of_text_in_the_manual_page_is_taken_for_a_macro(man_page):
    macros = set(re.findall(r"^[.'](\S+)", man_page, re.MULTILINE))
    assert macros <= {"TH", "SH", "SS", "PP", "TP", "nf", "fi"}
    assert escape_roff(".SH a\n'b\\c-d") == "\\&.SH a\n\\&'b\\ec\\-d"


@pytest.mark.parametrize(
    "script", sorted((ROOT / "packages" / "scripts").iterdir()), ids=lambda file: file.name
)
def test_the_scripts_are_shell_and_delete_nothing_of_the_people(script):
    assert subprocess.run(["sh", "-n", script], check=False).returncode == 0
    deleting = [line for line in script.read_text().splitlines() if re.search(r"\brm\b|-delete", line)]
    assert [line for line in deleting if re.search(r"/srv|/var|/etc/mcsync|\$", line)] == []


@pytest.mark.parametrize(("script", "word"), [("preremove.sh", "upgrade"), ("postremove.sh", "upgrade")])
def test_the_old_versions_scripts_do_nothing_in_an_upgrade(script, word):
    for argument in (word, "1"):  # of a .deb, and of an .rpm
        command = ["sh", "-x", ROOT / "packages" / "scripts" / script, argument]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "+ set -e\n")


def test_a_requirement_of_another_python_than_the_builders_is_missed(tmp_path):
    info = tmp_path / "site" / "one-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: one\nVersion: 1.0\nRequires-Dist: late; python_version >= '3.13'\n"
        "Requires-Dist: extra; extra == 'never'\n"
    )
    assert [*list_missing(tmp_path / "site", tmp_path / "shared", "3.12")] == []
    (missing,) = list_missing(tmp_path / "site", tmp_path / "shared", "3.13")
    assert missing.startswith("late")


def test_a_worker_that_imports_the_program_starts_no_command(tmp_path):
    """`multiprocessing` imports the main module of its parent in each worker, under another name."""
    write_programs(tmp_path)
    program = tmp_path / "bin" / "mcsyncd"
    assert program.read_text().startswith("#!/opt/mcsync/bin/python3\n")
    source = f"import runpy; runpy.run_path({str(program)!r}, run_name='__mp_main__')"
    done = subprocess.run([sys.executable, "-c", source], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    called = subprocess.run(
        [sys.executable, program, "--version"], check=True, capture_output=True, text=True
    )
    assert __version__ in called.stdout
