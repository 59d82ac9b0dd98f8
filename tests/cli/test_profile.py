import json

import pytest
from click.testing import CliRunner

from footage import Shot, film, steady
from mcsyncd.cli.profile import profile_command
from mcsyncd.errors import ConfigError
from mcsyncd.settings.load import find_shipped_profiles
from mcsyncd.settings.profiles import list_profile_names, load_profile


def run(*words):
    return CliRunner().invoke(profile_command, [str(word) for word in words])


def test_list_names_every_shipped_profile():
    names = list_profile_names(find_shipped_profiles())
    assert [line.split()[0] for line in run("list").stdout.splitlines()] == list(names)
    assert [one["name"] for one in json.loads(run("list", "--json").stdout)] == list(names)


def test_show_prints_the_canonical_form_and_its_hash():
    profile = load_profile(find_shipped_profiles(), "mezz-h264")
    told = json.loads(run("show", "mezz-h264", "--json").stdout)
    assert told["hash"] == profile.compute_hash()
    assert told["profile"] == json.loads(profile.format_canonical_json())
    assert profile.compute_hash() in run("show", "mezz-h264").stdout


def test_explain_says_gigabytes_an_hour_for_a_clip(tmp_path):
    source = film(tmp_path / "clip.mp4", Shot(steady(25, 1), rotation=180))
    said = run("explain", "proxy-540p", "--for", source).stdout
    assert "160x120, rotated upright" in said
    assert "GB per hour" in said
    assert set(json.loads(run("explain", "--json").stdout)) == {"mezz-h264", "proxy-540p"}


@pytest.mark.parametrize("words", [("show", "nope"), ("explain", "nope")])
def test_an_unknown_profile_is_a_fault_of_configuration(words):
    assert isinstance(run(*words).exception, ConfigError)


def test_a_bad_profile_tells_its_line(tmp_path):
    (tmp_path / "mine.yaml").write_text("kind: mezzanine\nvideo: {codec: cinepak}\n")
    refused = run("list", "--profiles", tmp_path).exception
    assert any(":2: video" in problem for problem in refused.problems)
