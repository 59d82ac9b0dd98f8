"""`mcsyncd demo`, the command itself."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from mcsyncd.cli.main import main

ROOT = Path(__file__).parents[2]


@pytest.fixture
def config(tmp_path):
    """The checkout's own settings, in a hurry and with everything below a temporary folder."""
    text = (ROOT / "config" / "local.yaml").read_text()
    text = text.replace("../profiles", str(ROOT / "profiles")).replace("../var", str(tmp_path / "var"))
    text = re.sub(r"^ingest:.*$", "ingest: {settle: 1s, quiet: 2s}", text, flags=re.MULTILINE)
    file = tmp_path / "config.yaml"
    file.write_text(text)
    return file


def code_of(*argv):
    with pytest.raises(SystemExit) as ended:
        main([str(part) for part in argv])
    return ended.value.code


@pytest.mark.parametrize("offsets", ["0,-134", "0,zero,87", "5,0,0", "0,0,60000"])
def test_offsets_that_cannot_be_are_refused_before_anything_is_started(config, offsets, capsys):
    assert code_of("--config", config, "demo", "--headless", "--seconds", "12", "--offsets", offsets) == 2
    assert "→" in capsys.readouterr().err, "with the next action"
    assert not (config.parent / "var").exists()


def test_settings_that_are_not_there_are_a_usage_error(tmp_path, capsys):
    assert code_of("--config", tmp_path / "none.yaml", "demo", "--headless") == 2
    assert "none.yaml" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.timeout(280)
def test_the_whole_line_from_three_cameras_to_a_manifest(config):
    command = [sys.executable, "-m", "mcsyncd", "--config", config, "demo", "--seconds", "20"]
    told = subprocess.run(command, check=False, capture_output=True, text=True, timeout=270, cwd=ROOT)
    assert told.returncode == 0, told.stdout + told.stderr
    assert re.search(r"Sync Confidence: \d+%", told.stdout)
    assert re.search(r"cam_b +-13[34]\.\d{3} ms", told.stdout)
    published = re.search(r"published: (\S+)", told.stdout)
    assert (config.parent / "var" / "bucket" / published[1]).is_file()
    assert not (config.parent / "var" / "run" / "api.sock").exists(), "the daemon has ended"
