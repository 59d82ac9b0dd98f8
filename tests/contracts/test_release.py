"""What a release relies on: its changelog entry, the tested Python versions, commit subjects that fit."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

from mcsyncd import __version__

ROOT = Path(__file__).parents[2]
CHECK_SUBJECT = ROOT / ".ci" / "check-subject"
LIMIT = 72


def test_the_newest_release_in_the_changelog_is_this_version():
    changelog = (ROOT / "CHANGELOG.md").read_text()
    releases = re.findall(r"^## \[(\d[^]]*)\] - \d{4}-\d\d-\d\d$", changelog, re.MULTILINE)
    assert releases[0] == __version__


def test_the_workflow_runs_every_python_that_the_package_claims():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    claimed = [c.rpartition(" ")[2] for c in project["classifiers"] if re.search(r":: 3\.\d+$", c)]
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())
    assert workflow["jobs"]["test"]["strategy"]["matrix"]["python"] == claimed
    assert project["requires-python"] == f">={claimed[0]}"


def test_the_workflow_runs_what_every_change_must_pass():
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())
    assert ".ci/run" in [step.get("run") for step in workflow["jobs"]["test"]["steps"]]


def test_hooks_run_tools_of_this_checkout_only():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    assert [repository["repo"] for repository in hooks["repos"]] == ["local"]


@pytest.mark.parametrize(
    ("message", "accepted"),
    [
        ("x" * LIMIT, True),
        ("x" * (LIMIT + 1), False),
        ("é" * LIMIT, True),  # characters, not bytes
        ("short\n\n" + "a body line may be longer " * 5, True),
        ("# a comment of git's own\n" + "x" * (LIMIT + 1), False),
        ("fixup! " + "x" * LIMIT, True),  # gone after an autosquash
    ],
)
def test_a_commit_subject_has_at_most_72_characters(tmp_path, message, accepted):
    file = tmp_path / "COMMIT_EDITMSG"
    file.write_text(message + "\n")
    done = subprocess.run([CHECK_SUBJECT, file], capture_output=True, text=True, check=False)
    assert (done.returncode == 0) is accepted, done.stderr
