"""What `doctor` says of the settings that decide who may decide."""

from __future__ import annotations

import shutil
import sys
import wave

import pytest

from line import ME, ROOT, Line
from mcsyncd.checks.doctor import report_broken_settings, run_checks
from mcsyncd.errors import ConfigError
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


def test_broken_settings_are_named_and_the_machine_is_checked_all_the_same(tmp_path):
    """The command that says what is wrong ended at the first thing that was."""
    path = Line(tmp_path).config
    path.write_text(path.read_text().replace("label:", "lable:").replace("review_below", "review_bellow"))
    with pytest.raises(ConfigError) as caught:
        ActiveConfig.read(path)
    checks = report_broken_settings(caught.value)
    said = [check.message for check in checks if check.name == "settings"]
    assert all(check.status == "fail" for check in checks if check.name == "settings")
    assert any("cameras.cam_a.lable: there is no such key (did you mean label?)" in line for line in said)
    assert any("did you mean review_below?" in line for line in said)
    assert {"clock", "sqlite", "audio", "terminal"} <= {check.name for check in checks}


@pytest.mark.parametrize(
    ("script", "status", "said"),
    [
        ("echo 'audio open error: No such device' >&2; exit 1", "warn", "No such device"),
        ("exit 0", "warn", "nothing was heard"),
        ("/bin/sleep 1", "ok", "aplay"),
    ],
)
def test_the_sound_device_is_opened_and_not_only_looked_for(tmp_path, monkeypatch, script, status, said):
    """A program that has no device may exit with 0 at once."""
    player = tmp_path / "aplay"
    player.write_text(f'#!/bin/sh\nfor last; do :; done\n/bin/cat "$last" > {tmp_path}/heard.wav\n{script}\n')
    player.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    checks = run_checks(ActiveConfig.read(Line(tmp_path / "x").config))
    (audio,) = (check for check in checks if check.name == "audio")
    assert audio.status == status
    assert said in audio.message
    with wave.open(str(tmp_path / "heard.wav")) as wav:
        assert wav.getnframes() / wav.getframerate() == 1.5


@pytest.mark.parametrize(
    ("fallback", "status", "told"),
    [("", "warn", "libx264 is used instead"), (", fallback: false", "fail", "h264_vaapi does not work")],
)
def test_hardware_that_a_profile_asks_for_is_tried_and_its_obstacle_told(tmp_path, fallback, status, told):
    folder = tmp_path / "profiles"
    shutil.copytree(ROOT / "profiles", folder)
    own = folder / "proxy-540p.yaml"
    own.write_text(own.read_text().replace("  codec: h264", "  codec: h264\n  hardware: vaapi"))
    own.write_text(
        own.read_text().replace("  hardware: vaapi", f"  hardware: vaapi{fallback}".replace(", ", "\n  "))
    )
    line = Line(tmp_path / "line", options={"profiles": str(folder)})
    checks = {check.name: check for check in run_checks(ActiveConfig.read(line.config))}
    check = checks["hardware proxy-540p"]
    assert (check.status, told in check.message) == (status, True)
    assert "mcsyncd-hardware.conf" in check.hint
    assert "hardware mezz-h264" not in checks
