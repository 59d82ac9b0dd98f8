"""What `doctor` says of the settings that decide who may decide."""

from __future__ import annotations

import pytest

from line import ME, Line
from mcsyncd.checks.doctor import run_checks
from mcsyncd.settings.active_config import ActiveConfig


@pytest.fixture
def find_check(tmp_path):
    """Return the check about approvers for settings with these approvers."""

    def find(approvers: str):
        line = Line(tmp_path)
        text = line.config.read_text().replace(f"users: [{ME}]", approvers)
        line.config.write_text(text)
        checks = run_checks(ActiveConfig.read(line.config))
        return [check for check in checks if check.name.startswith("approver")]

    return find


def test_settings_that_name_nobody_fail_with_the_way_out(find_check):
    (check,) = find_check("users: []")
    assert (check.status, "nobody may decide" in check.message) == ("fail", True)
    assert "review.approvers" in check.hint


def test_the_daemons_own_user_as_an_approver_is_a_warning(find_check):
    (check,) = find_check("daemon_user: true")
    assert check.status == "warn"
    (named,) = find_check(f"users: [{ME}]")
    assert named.status == "ok"


def test_a_lost_ledger_is_found_before_the_start(tmp_path):
    config = ActiveConfig.read(Line(tmp_path).config)
    assert {check.status for check in run_checks(config) if check.name == "ledger"} == {"ok"}
    (config.layout.work / "sessions" / "20261123-091502-k7q" / "original").mkdir(parents=True)
    (check,) = (check for check in run_checks(config) if check.name == "ledger")
    assert (check.status, "is empty or missing" in check.message) == ("fail", True)
    assert "mcsyncd ledger restore" in check.hint
