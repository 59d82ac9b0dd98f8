from pathlib import Path

import pytest

from mcsyncd.errors import ConfigError
from mcsyncd.model.session import ProfileRef
from mcsyncd.settings.load import find_shipped_profiles
from mcsyncd.settings.profiles import list_profile_names, load_profile, profile_from_ref

SHIPPED = ("mezz-dnxhr-lb", "mezz-h264", "mezz-h264-intra", "mezz-prores-lt", "proxy-540p", "proxy-720p")

PLAIN = """\
kind: proxy
container: mp4
short_side: 540
channels: stereo
video: {codec: h264, crf: 23, gop: 12, threads: 2}
audio: {codec: aac, kbps: 128}
"""


def written(folder: Path, text: str, name: str = "mine") -> Path:
    (folder / f"{name}.yaml").write_text(text)
    return folder


def test_the_shipped_profiles_are_all_there_and_valid():
    assert list_profile_names(find_shipped_profiles()) == SHIPPED
    loaded = [load_profile(find_shipped_profiles(), name) for name in SHIPPED]
    assert len({profile.compute_hash() for profile in loaded}) == len(SHIPPED)
    assert all(profile.description for profile in loaded)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_profile_comes_back_from_what_a_job_carries(name):
    profile = load_profile(find_shipped_profiles(), name)
    again = profile_from_ref(profile.build_ref(name))
    assert again.format_canonical_json() == profile.format_canonical_json()
    assert again.compute_hash() == profile.build_ref(name).hash


def test_order_comments_and_words_do_not_change_the_identity(tmp_path):
    plain = load_profile(written(tmp_path, PLAIN), "mine")
    turned = "# for the stage\ndescription: Mine\n" + "\n".join(reversed(PLAIN.splitlines()))
    assert load_profile(written(tmp_path, turned), "mine").compute_hash() == plain.compute_hash()


def test_a_default_written_out_is_the_same_profile(tmp_path):
    plain = load_profile(written(tmp_path, PLAIN), "mine")
    spelled = PLAIN.replace("crf: 23", "crf: 23, preset: veryfast, fastdecode: false")
    assert load_profile(written(tmp_path, spelled), "mine").compute_hash() == plain.compute_hash()


def test_any_other_value_is_another_profile(tmp_path):
    plain = load_profile(written(tmp_path, PLAIN), "mine")
    assert (
        load_profile(written(tmp_path, PLAIN.replace("gop: 12", "gop: 24")), "mine").compute_hash()
        != plain.compute_hash()
    )


def test_all_faults_are_told_at_once_with_their_lines(tmp_path):
    text = PLAIN.replace("crf: 23", "crf: 99").replace("channels: stereo", "channels: left\ncolour: red")
    with pytest.raises(ConfigError) as refused:
        load_profile(written(tmp_path, text), "mine")
    told = "\n".join(refused.value.problems)
    assert f"{tmp_path}/mine.yaml:6: video.crf:" in told
    assert f"{tmp_path}/mine.yaml:4: channels:" in told
    assert f"{tmp_path}/mine.yaml:5: colour:" in told


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("codec: aac, kbps: 128", "codec: pcm, bits: 24"),
        ("codec: h264, crf: 23, gop: 12", "codec: prores, flavour: lt"),
    ],
)
def test_what_does_not_fit_the_container_is_refused(old, new, tmp_path):
    with pytest.raises(ConfigError) as refused:
        load_profile(written(tmp_path, PLAIN.replace(old, new)), "mine")
    assert "does not go into mp4" in refused.value.problems[0]


@pytest.mark.parametrize("name", ["nope", "../mezz-h264", "/etc/passwd", "a b", ""])
def test_a_name_that_is_no_profile_names_those_that_are(name):
    with pytest.raises(ConfigError) as refused:
        load_profile(find_shipped_profiles(), name)
    assert "mezz-h264" in refused.value.hint


def test_a_document_of_another_release_says_what_to_do():
    with pytest.raises(ConfigError) as refused:
        profile_from_ref(ProfileRef("old", "0" * 64, '{"kind":"mezzanine","codec":"cinepak"}'))
    assert "resync" in refused.value.hint
