import hashlib
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from footage import Shot, film, steady
from mcsyncd.cli.conform import conform_command
from mcsyncd.errors import BadMedia, ConfigError, McsyncError


def run(*words):
    return CliRunner().invoke(conform_command, [str(word) for word in words])


@pytest.fixture
def source(tmp_path):
    return film(tmp_path / "clip.mp4", Shot(steady(25, 1), (0, 1), sound_codec="aac"))


def test_one_clip_through_one_profile(source, tmp_path):
    folder = tmp_path / "new" / "out"
    asked = ("--profile", "proxy-540p", "--out", folder, "--rate", "30", "--drift-ppm", "12.5")
    told = json.loads(run(source, *asked, "--json").stdout)
    assert told["rate"] == "30"
    assert told["frames"] == 30
    assert told["drift_applied_ppm"] == 12.5
    written = Path(told["path"])
    assert written == folder / "clip.proxy.mp4"
    assert told["sha256"] == hashlib.sha256(written.read_bytes()).hexdigest()
    assert told["versions"]["x264"]


def test_words_name_the_file_and_its_hash(source, tmp_path):
    said = run(source, "--profile", "mezz-prores-lt", "--out", tmp_path).stdout
    assert "clip.mezz.mov" in said
    assert "25 frames at 25" in said


def test_errors_are_those_of_the_tree(source, tmp_path):
    text = tmp_path / "text.mp4"
    text.write_text("not a clip")
    assert isinstance(run(text, "--profile", "mezz-h264", "--out", tmp_path).exception, BadMedia)
    assert isinstance(run(source, "--profile", "nope", "--out", tmp_path).exception, ConfigError)
    assert run(source, "--profile", "mezz-h264", "--out", tmp_path, "--rate", "fast").exit_code == 2
    refused = run(source, "--profile", "mezz-h264", "--out", source / "below").exception
    assert isinstance(refused, McsyncError)
    assert refused.hint
