import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from footage import Shot, film, steady
from mcsyncd.cli.profile import profile_command
from mcsyncd.errors import ConfigError, ExitCode
from mcsyncd.settings.load import find_shipped_profiles
from mcsyncd.settings.profiles import build_profile_schema, list_profile_names, load_profile

ROOT = Path(__file__).parents[2]


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


def test_bad_profiles_tell_their_lines_and_hide_none(tmp_path):
    good = (find_shipped_profiles() / "proxy-540p.yaml").read_text()
    (tmp_path / "good.yaml").write_text(good)
    (tmp_path / "mine.yaml").write_text("kind: mezzanine\nvideo: {codec: cinepak}\n")
    (tmp_path / "another.yaml").write_text("kind: [\n")
    (tmp_path / "My Profile.yaml").write_text(good)
    (tmp_path / "other.yml").write_text(good)
    listed = run("list", "--profiles", tmp_path)
    assert listed.exit_code == ExitCode.USAGE
    assert [line.split()[0] for line in listed.stdout.splitlines()] == ["another", "good", "mine"]
    for problem in ("mine.yaml:2: video", "another.yaml:", "My Profile.yaml:1:", "other.yml:1:"):
        assert problem in listed.stderr
    told = json.loads(run("list", "--profiles", tmp_path, "--json").stdout)
    assert {one["name"] for one in told if one["problems"]} == {"another", "mine"}
    assert [one["kind"] for one in told if not one["problems"]] == ["proxy"]


def test_explain_takes_a_name_and_a_clip(tmp_path):
    source = film(tmp_path / "clip.mp4", Shot(steady(25, 1)))
    assert run("explain", "proxy-540p", source).stdout == run("explain", "proxy-540p", "--for", source).stdout


def test_the_schema_is_the_one_in_the_documents():
    assert json.loads(run("schema").stdout) == build_profile_schema()
    assert json.loads((ROOT / "docs" / "profile.schema.json").read_text()) == build_profile_schema()


def test_the_schema_knows_every_field_and_says_what_it_is():
    pages = (ROOT / "docs" / "profiles.md").read_text()
    schema = build_profile_schema()
    for part in (schema, *schema["$defs"].values()):
        for key, field in part["properties"].items():
            assert f"`{key}`" in pages
            assert key in {"codec", "threads", "video", "audio"} or field["description"]
