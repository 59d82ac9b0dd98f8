"""The image says of itself what an engine needs, and its document is what `make imagetest` tries."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from mcsyncd.cli.main import COMMANDS
from mcsyncd.settings.load import load_settings
from vmtest.containers import CONFINED, DAEMON_UID

ROOT = Path(__file__).parents[2]
RECIPE = (ROOT / "packages" / "Containerfile").read_text()
LINES = RECIPE.replace("\\\n", " ").splitlines()
CHAPTER = (ROOT / "docs" / "operations.md").read_text().split("### In a container\n")[1].split("\n## ")[0]


def list_accounts(file: Path) -> dict[str, list[str]]:
    """Return the lines of sysusers.d by kind and name, or the group of a member."""
    words = [shlex.split(line) for line in file.read_text().splitlines() if not line.startswith("#")]
    return {" ".join(line[:3] if line[0] == "m" else line[:2]): line[2:] for line in words}


@pytest.fixture(scope="module")
def accounts() -> dict[str, list[str]]:
    return list_accounts(ROOT / "packages" / "image.sysusers")


def test_the_image_has_the_users_and_groups_of_the_packages(accounts):
    assert set(accounts) == set(list_accounts(ROOT / "systemd" / "mcsyncd.sysusers"))


def test_each_of_them_has_a_number_that_no_system_gives_away(accounts):
    """Above what useradd reaches on a machine of people, below what user namespaces get (login.defs(5))."""
    numbers = [int(rest[0]) for key, rest in accounts.items() if not key.startswith("m ")]
    assert len(set(numbers)) == len(numbers) > 0
    assert all(5000 < number < 60000 for number in numbers)


def test_document_and_trial_use_these_numbers(accounts):
    number = {key.split()[1]: rest[0] for key, rest in accounts.items() if not key.startswith("m ")}
    assert number["mcsync"] == str(DAEMON_UID)
    assert f"--user {number['mcsync-publish']}:{number['mcsync']} " in CHAPTER
    assert f"--group-add {number['mcsync-supervisors']} " in CHAPTER


def test_the_document_confines_as_the_trial_does():
    words = set(CHAPTER.replace('"', " ").split())
    assert [option for option in CONFINED if option not in words and option != "--network=none"] == []


def test_all_that_is_copied_is_in_the_checkout():
    sources = [
        word
        for line in LINES
        if line.startswith("COPY ") and "--from=" not in line
        for word in line.split()[1:-1]
    ]
    assert "mcsyncd" in sources
    assert [word for word in sources if not any(ROOT.glob(word))] == []


def test_everything_that_is_kept_lies_in_a_volume():
    (declared,) = re.findall(r"^VOLUME \[(.+)\]$", RECIPE, re.MULTILINE)
    volumes = [Path(word) for word in shlex.split(declared.replace(",", " "))]
    paths = load_settings(ROOT / "config" / "production.yaml").paths
    for kept in (paths.drop, paths.work, paths.state):
        assert any(kept.is_relative_to(volume) for volume in volumes), kept


def test_it_runs_the_daemon_as_its_own_user(accounts):
    (user,) = re.findall(r"^USER (\S+)$", RECIPE, re.MULTILINE)
    assert f"u {user}" in accounts
    assert re.findall(r'^CMD \["(\w+)"\]$', RECIPE, re.MULTILINE) == ["run"]
    assert "run" in COMMANDS


@pytest.mark.parametrize(("code", "healthy"), [(0, True), (1, True), (2, False), (3, False), (5, False)])
def test_only_a_daemon_that_does_not_answer_is_unhealthy(tmp_path, code, healthy):
    """Exit code 1 is an alert, such as a full disk. Engines restart what is unhealthy, which mends none."""
    (check,) = [
        line.strip().removeprefix("CMD ") for line in RECIPE.splitlines() if line.startswith("  CMD ")
    ]
    fake = tmp_path / "mcsyncd"
    fake.write_text(f'#!/bin/sh\n[ "$*" = "status --check" ] || exit 99\nexit {code}\n')
    fake.chmod(0o755)
    done = subprocess.run(["/bin/sh", "-c", check], env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, check=False)
    assert (done.returncode == 0) is healthy
