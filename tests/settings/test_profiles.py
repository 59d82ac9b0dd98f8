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


# Of the releases so far. Ledgers, sidecars and manifests name them: they stay for ever.
HASHES = {
    "mezz-dnxhr-lb": "eece477fd94e2e57120a1780631c7301883b64d28d85fd15ffa24f075fd627a3",
    "mezz-h264": "7b684b2698280d05533f914dbbae6e2a78c4dea6e2f118cf0a4fbd276d57fe8f",
    "mezz-h264-intra": "1b656e56d1021045156643ebbd3555818cff251b249b33d4d55bfcb0c551e0a9",
    "mezz-prores-lt": "3a2e4ab73826729198e3bda6838cd705e0bb512f9fb8a9687328848d4e30f646",
    "proxy-540p": "0ead3b37be8b936be3dc5edaf7fe1ca080a71167df97f4afbc4812a3cc9b6d7b",
    "proxy-720p": "6c53e904b3408df40f5207551dbd2f9aedfa77771e70e0e9c343aaf8b180b09e",
}


@pytest.mark.parametrize("name", SHIPPED)
def test_the_hash_of_a_shipped_profile_stays(name):
    assert load_profile(find_shipped_profiles(), name).compute_hash() == HASHES[name]


def test_the_canonical_form_of_an_older_release_is_read_and_written_unchanged():
    older = (
        '{"audio":{"codec":"aac","kbps":128},"channels":"stereo","container":"mp4","kind":"proxy",'
        '"short_side":540,"video":{"codec":"h264","crf":23,"fastdecode":false,"gop":12,"preset":"veryfast",'
        '"threads":2}}'
    )
    assert profile_from_ref(ProfileRef("old", "", older)).format_canonical_json() == older


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
    later = "bits: 8, tune: null, maxrate: null, bufsize: null, hardware: null, fallback: true"
    spelled = PLAIN.replace("crf: 23", f"crf: 23.0, preset: veryfast, fastdecode: false, {later}")
    assert load_profile(written(tmp_path, spelled), "mine").compute_hash() == plain.compute_hash()


def test_both_ways_to_ask_for_fast_decoding_are_the_same_profile(tmp_path):
    one, other = (
        load_profile(written(tmp_path, PLAIN.replace("gop: 12", f"gop: 12, {words}")), "mine")
        for words in ("fastdecode: true", "tune: fastdecode")
    )
    assert one.compute_hash() == other.compute_hash()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("gop: 12", "gop: 24"),
        ("crf: 23", "crf: 23.5"),
        ("gop: 12", "gop: 12, bits: 10"),
        ("gop: 12", "gop: 12, tune: film"),
        ("threads: 2", "threads: 1, maxrate: 4000"),
        ("channels: stereo", "channels: mono"),
    ],
)
def test_any_other_value_is_another_profile(old, new, tmp_path):
    hashes = {
        load_profile(written(tmp_path, text), "mine").compute_hash()
        for text in (PLAIN, PLAIN.replace(old, new))
    }
    assert len(hashes) == 2


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


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("threads: 2", "threads: 2, preset: placebo", "video.preset: placebo takes several times as long"),
        ("threads: 2", "threads: 2, preset: veryfsat", "(did you mean veryfast?)"),
        ("threads: 2", "threads: 2, tune: zerolatency", "video.tune: zerolatency makes the bytes depend"),
        ("threads: 2", "threads: 2, tune: films", "video.tune: must be one of 'film', "),
        ("threads: 2", "threads: 2, maxrate: 4000", "only on one thread: write threads: 1"),
        ("threads: 2", "threads: 2, bufsize: 4000", "video: bufsize limits nothing without maxrate"),
        ("threads: 2", "threads: auto", "video.threads: the bytes depend on the number of threads"),
        ("threads: 2", "threads: 2, two_pass: true", "video.two_pass: one pass at constant quality"),
        ("threads: 2", "threads: 2, bframes: 2", "video.bframes: there are no B-frames"),
        ("threads: 2", "threads: 2, keyint: 250", "video.keyint: all groups of pictures have one length"),
        ("threads: 2", "thread: 2", "video.thread: there is no such key (did you mean threads?)"),
        ("kind: proxy", "kind: proxy\nlut: film.cube", "mine.yaml:2: lut: a rendition shows what the camera"),
        ("kind: proxy", "kind: proxy\nwatermark: DRAFT", "watermark: nothing is burnt into a picture"),
        ("kind: proxy", "kind: mezz", "kind: must be one of 'mezzanine' or 'proxy'"),
        ("kind: proxy", "kind: mezanine", "(did you mean mezzanine?)"),
        ("container: mp4", "container: mkv", "container: Matroska rounds times to milliseconds"),
        ("codec: h264", "codec: libx264", "video.codec: libx264 is another tool's name (did you mean h264?)"),
        ("codec: h264", "codec: hvec", "(did you mean hevc?)"),
        ("codec: h264, ", "", "video.codec: is missing (add it)"),
        ("codec: aac", "codec: opus", "audio.codec: Opus in MP4 plays 6.5 ms early in Chromium"),
        ("codec: h264, crf: 23", "codec: av1, crf: 35.3", "video.crf: must be a multiple of 0.5"),
        ("crf: 23", "crf: 41", "video.crf: must be at most 40"),
        ("crf: 23", "crf: high", "video.crf: must be a number"),
        ("gop: 12", "gop: 0", "video.gop: must be at least 1"),
        ("gop: 12", "gop: auto", "video.gop: must be a whole number"),
    ],
)
def test_what_users_of_other_tools_write_is_refused_with_the_reason(old, new, told, tmp_path):
    with pytest.raises(ConfigError) as refused:
        load_profile(written(tmp_path, PLAIN.replace(old, new)), "mine")
    assert any(told in problem for problem in refused.value.problems), refused.value.problems
    assert not any(".h264" in problem or ".aac" in problem for problem in refused.value.problems)


def test_av1_is_for_proxies(tmp_path):
    text = PLAIN.replace("codec: h264, crf: 23", "codec: av1, crf: 35").replace(
        "kind: proxy", "kind: mezzanine"
    )
    with pytest.raises(ConfigError) as refused:
        load_profile(written(tmp_path, text), "mine")
    assert "av1 is for proxies" in refused.value.problems[0]


@pytest.mark.parametrize("name", ["nope", "../mezz-h264", "/etc/passwd", "a b", ""])
def test_a_name_that_is_no_profile_names_those_that_are(name):
    with pytest.raises(ConfigError) as refused:
        load_profile(find_shipped_profiles(), name)
    assert "mezz-h264" in refused.value.hint


def test_a_document_of_another_release_says_what_to_do():
    with pytest.raises(ConfigError) as refused:
        profile_from_ref(ProfileRef("old", "0" * 64, '{"kind":"mezzanine","codec":"cinepak"}'))
    assert "resync" in refused.value.hint


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("fallback: false", "video: fallback is about hardware"),
        ("hardware: nvenc, bits: 10", "video: hardware makes no H.264 in ten bits"),
        ("hardware: nvenk", "(did you mean nvenc?)"),
    ],
)
def test_hardware_that_makes_no_sense_is_refused(words, told, tmp_path):
    with pytest.raises(ConfigError) as refused:
        load_profile(written(tmp_path, PLAIN.replace("threads: 2", f"threads: 2, {words}")), "mine")
    assert told in refused.value.problems[0]
