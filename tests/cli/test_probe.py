import json

import pytest
from click.testing import CliRunner

from footage import Shot, film, steady
from mcsyncd.cli.main import main
from mcsyncd.cli.probe import probe_command


def test_the_text_says_what_it_is_and_what_conform_does(tmp_path):
    source = film(tmp_path / "clip.mp4", Shot(steady(25, 1), (0, 1), sound_codec="aac", rotation=90))
    said = CliRunner().invoke(probe_command, [str(source)])
    assert said.exit_code == 0
    for words in ("25 fps", "rotation 270° clockwise", "aac 48000 Hz mono", "rotated upright"):
        assert words in said.stdout


def test_json_is_one_document(tmp_path):
    source = film(tmp_path / "clip.mp4", Shot(steady(25, 1)))
    told = json.loads(CliRunner().invoke(probe_command, [str(source), "--json"]).stdout)
    assert told["video"]["rate"] == "25"
    assert told["audio"] == []
    assert set(told["conform"]) == {"mezzanine", "proxy"}


def test_bad_media_is_exit_code_6_with_its_name_and_a_next_action(tmp_path, capsys):
    source = tmp_path / "A001\x1b[31m.mp4"
    source.write_text("not a clip")
    with pytest.raises(SystemExit) as stop:
        main(["probe", str(source)])
    assert stop.value.code == 6
    told = capsys.readouterr()
    assert told.out == ""
    assert "A001\\x1b[31m.mp4" in told.err
    assert "→" in told.err


def test_a_missing_file_is_wrong_usage(tmp_path):
    assert CliRunner().invoke(probe_command, [str(tmp_path / "gone.mp4")]).exit_code == 2
