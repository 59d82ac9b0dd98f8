"""The settings file, as sysadmins write it and as they get it wrong."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcsyncd.errors import ConfigError, UsageError
from mcsyncd.model.rate import Rate
from mcsyncd.settings.load import find_shipped_profiles, load_settings
from mcsyncd.settings.schema import build_json_schema
from mcsyncd.settings.settings_file import read_socket
from mcsyncd.settings.stores import R2Storage
from mcsyncd.settings.strict_yaml import parse_yaml
from mcsyncd.settings.work_layout import WorkLayout
from mcsyncd.workers.engine import choose_engine

ROOT = Path(__file__).parents[2]
GOOD = (ROOT / "config" / "local.yaml").read_text()


def written(tmp_path, text: str) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(text)
    return path


def problems(tmp_path, text: str) -> tuple[str, ...]:
    path = written(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load_settings(path)
    return tuple(line.removeprefix(f"{path}:") for line in caught.value.problems)


@pytest.mark.parametrize("sample", sorted((ROOT / "config").glob("*.yaml")), ids=lambda path: path.name)
def test_every_sample_is_valid(sample):
    load_settings(sample)


def test_relative_paths_are_relative_to_the_file(tmp_path):
    settings = load_settings(written(tmp_path, GOOD))
    assert settings.paths.drop == (tmp_path.parent / "var" / "drop").resolve()
    assert settings.storage.path.is_absolute()


def test_all_errors_come_at_once_with_their_place(tmp_path):
    wrong = GOOD.replace("work: ../var/work", "wrok: ../var/work").replace("settle: 5s", "settle: 5")
    wrong = wrong.replace("review_below: 0.85", "review_below: 85").replace("label: Cam B", "label: 7")
    found = problems(tmp_path, wrong)
    lines = wrong.splitlines()

    def line(part):
        return next(number for number, text in enumerate(lines, 1) if part in text)

    assert any(one.startswith(f"{line('wrok')}: paths.wrok: ") for one in found)
    assert any(one.startswith(f"{line('paths:')}: paths.work: ") for one in found)
    assert any(one.startswith(f"{line('settle: 5,')}: ingest.settle: ") for one in found)
    assert any(one.startswith(f"{line('review_below')}: review.review_below: ") for one in found)
    assert any(one.startswith(f"{line('label: 7')}: cameras.cam_b.label: ") for one in found)


@pytest.mark.parametrize(
    ("bad", "word"),
    [
        (GOOD + "socket: elsewhere\n", "written twice"),
        (GOOD.replace("settle: 5s", "settle: -5s"), "ingest.settle"),
        (GOOD.replace("settle: 5s", "settle: 12:30:45"), "ingest.settle"),
        ("a: &x [1]\nb: *x\n", "anchors and aliases"),
        ("[" * 5000 + "]" * 5000, "nested too deeply"),
        ("paths: [unclosed", "expected"),
        ("- a list\n", "must be a mapping"),
        ("", "must be a mapping"),
        ("a: !!python/object/apply:os.system [id]\n", "could not determine a constructor"),
    ],
)
def test_what_is_refused_says_why(tmp_path, bad, word):
    assert any(word in one for one in problems(tmp_path, bad))


@pytest.mark.parametrize("raw", [b"\xff\xfe\x00", b"a: 1\n" * 100_000])
def test_what_is_no_text_or_far_too_large_is_refused(tmp_path, raw):
    path = tmp_path / "config.yaml"
    path.write_bytes(raw)
    with pytest.raises(ConfigError, match=r"UTF-8|larger"):
        load_settings(path)


def test_a_missing_file_names_itself(tmp_path):
    with pytest.raises(ConfigError, match=r"nowhere\.yaml"):
        load_settings(tmp_path / "nowhere.yaml")


@pytest.mark.parametrize(
    ("text", "value"),
    [("12:30:00", "12:30:00"), ("on", "on"), ("yes", "yes"), ("0123", 123), ("true", True), ("1e3", 1000.0)],
)
def test_scalars_are_what_they_look_like(text, value):
    """YAML 1.1 reads the first as 45000 and the second and third as True."""
    document = parse_yaml(Path("x.yaml"), f"key: {text}\n").document
    assert document == {"key": value}
    assert type(document["key"]) is type(value)


@given(st.text(max_size=200))
def test_no_text_makes_the_reader_stumble(text):
    with suppress(ConfigError):
        assert parse_yaml(Path("x.yaml"), text).find_line(()) >= 1


def test_the_grid_rate_is_a_rule_or_a_rate(tmp_path):
    assert load_settings(written(tmp_path, GOOD)).profiles.rate is None
    fixed = GOOD.replace("rate: auto", "rate: 29.97")
    assert load_settings(written(tmp_path, fixed)).profiles.rate == Rate(30000, 1001)
    assert problems(tmp_path, GOOD.replace("rate: auto", "rate: fast"))


@pytest.mark.parametrize(
    "cameras",
    [
        "  cam_a: {label: A}\n",
        "  cam_a: {label: A, reference: true}\n  cam_b: {label: B, reference: true}\n",
        "  ../etc: {label: A}\n  cam_b: {label: B}\n",
    ],
    ids=["one camera", "two references", "a path for a key"],
)
def test_cameras_that_make_no_shoot_are_refused(tmp_path, cameras):
    start, end = GOOD.index("cameras:"), GOOD.index("ingest:")
    bad = f"{GOOD[:start]}cameras:\n{cameras}{GOOD[end:]}"
    assert any("cameras" in one for one in problems(tmp_path, bad))


def test_secrets_have_no_place_in_the_settings(tmp_path):
    r2 = f"storage: {{kind: r2, account_id: {'0f' * 16}, bucket: shoots"
    lines = [line for line in GOOD.splitlines() if not line.startswith("storage")]
    fine = "\n".join([*lines, r2 + "}"])
    assert isinstance(load_settings(written(tmp_path, fine)).storage, R2Storage)
    for key in ("secret_access_key", "access_key_id", "token"):
        assert any(key in one for one in problems(tmp_path, "\n".join([*lines, f"{r2}, {key}: x}}"])))
    elsewhere = "\n".join([*lines, f"{r2}, endpoint: 'https://evil.example'}}"])
    assert any("loopback" in one for one in problems(tmp_path, elsewhere))


@pytest.mark.parametrize(
    ("given", "is_fine"),
    [
        ("endpoint: 'https://127.0.0.1:8333', ca_file: /etc/ca.pem", True),
        ("endpoint: 'https://localhost:8333'", True),
        ("endpoint: 'http://127.0.0.1:8333', ca_file: /etc/ca.pem", False),
        ("ca_file: /etc/ca.pem", False),
    ],
)
def test_an_authority_of_ones_own_vouches_for_an_endpoint_of_ones_own_alone(tmp_path, given, is_fine):
    lines = [line for line in GOOD.splitlines() if not line.startswith("storage")]
    text = "\n".join([*lines, f"storage: {{kind: r2, account_id: {'0f' * 16}, bucket: shoots, {given}}}"])
    if is_fine:
        assert isinstance(load_settings(written(tmp_path, text)).storage, R2Storage)
    else:
        assert any("ca_file" in one for one in problems(tmp_path, text))


def test_an_id_of_digits_alone_wants_quotes(tmp_path):
    start = GOOD.index("storage:")
    bad = f"{GOOD[:start]}storage: {{kind: r2, account_id: {'1' * 32}, bucket: shoots}}\n"
    assert any("account_id" in one and "quotes" in one for one in problems(tmp_path, bad))


def test_the_schema_for_editors_is_the_one_in_the_docs():
    assert json.loads((ROOT / "docs" / "settings.schema.json").read_text()) == build_json_schema()


def test_the_shipped_profiles_are_found():
    assert (find_shipped_profiles() / "mezz-h264.yaml").is_file()


def test_further_suffixes_of_clips_are_read_in_lower_case(tmp_path):
    text = GOOD.replace("quiet: 10s", 'quiet: 10s, suffixes: [".MXV", ".dat"]')
    assert load_settings(written(tmp_path, text)).ingest.suffixes == (".mxv", ".dat")


@pytest.mark.parametrize(
    ("suffix", "word"),
    [("mxv", "with its dot"), (".tar.gz", "with its dot"), (".", "with its dot"), (".LRV", "small copy"),
     (".xml", "beside clips"), (".part", "unfinished")],
)  # fmt: skip
def test_what_cannot_be_the_suffix_of_a_clip_is_refused(tmp_path, suffix, word):
    found = problems(tmp_path, GOOD.replace("quiet: 10s", f'quiet: 10s, suffixes: ["{suffix}"]'))
    assert len(found) == 1
    assert "ingest.suffixes" in found[0]
    assert word in found[0]


def test_a_mistake_elsewhere_hides_no_socket_from_a_client(tmp_path):
    file = tmp_path / "config.yaml"
    file.write_text("socket: run/api.sock\nangles: 7\n")
    assert read_socket(file) == tmp_path / "run" / "api.sock"


@pytest.mark.parametrize("text", ["angles: 3\n", "socket: 7\n", "socket: ''\n", "- socket\n", ""])
def test_a_file_that_names_no_socket_is_told_so_by_its_schema(tmp_path, text):
    file = tmp_path / "config.yaml"
    file.write_text(text)
    assert read_socket(file) is None


STORE = "storage: {kind: local, path: ../var/bucket}"


def test_one_store_or_several_are_read_and_the_first_is_the_main_one(tmp_path):
    one = load_settings(written(tmp_path, GOOD))
    assert (one.further_stores, one.min_copies) == ((), 1)
    several = GOOD.replace(
        STORE,
        "storage:\n  - {kind: local, path: ../a}\n  - {kind: local, name: nas, path: ../b}\nmin_copies: 2",
    )
    two = load_settings(written(tmp_path, several))
    assert two.storage.path == (tmp_path.parent / "a").resolve()
    assert two.further_stores == ("nas",)
    assert two.find_store("nas").path == (tmp_path.parent / "b").resolve()
    assert [two.name_store(store) for store in two.stores] == ["", "nas"]
    with pytest.raises(UsageError, match="no store 'tape'"):
        two.find_store("tape")


@pytest.mark.parametrize(
    ("stores", "why"),
    [
        ("[{kind: local, path: a}, {kind: local, path: b}]", "two stores are called local"),
        ("[{kind: local, path: a}]\nmin_copies: 2", "min_copies is 2, but storage has 1"),
        ("[]", "at least 1 item"),
        ("[{kind: local, path: a, name: 'No Name'}]", "storage.0.name"),
    ],
)
def test_stores_that_cannot_be_are_refused(tmp_path, stores, why):
    assert STORE in GOOD
    found = problems(tmp_path, GOOD.replace(STORE, f"storage: {stores}"))
    assert any(why in one for one in found), found


CLUSTER = (
    "workers: {kind: dask, scheduler: 'tls://encode-1:8786', tls_ca: tls/ca.pem, "
    "tls_cert: c.pem, tls_key: k.pem}"
)


def test_this_machine_encodes_unless_the_settings_name_a_cluster(tmp_path):
    assert load_settings(written(tmp_path, GOOD)).workers.kind == "processes"
    said = load_settings(written(tmp_path, f"{GOOD}\nworkers: {{kind: processes}}\n"))
    assert said.workers.kind == "processes"
    layout = WorkLayout.from_settings(said)
    assert choose_engine(said.workers, layout) is None
    settings = load_settings(written(tmp_path, f"{GOOD}\n{CLUSTER}\n"))
    engine = choose_engine(settings.workers, layout)
    assert engine.scheduler == "tls://encode-1:8786"
    assert engine.tls_ca == (tmp_path / "tls" / "ca.pem").resolve(), "relative to the settings file"
    assert engine.folder == layout.work / "cluster"


@pytest.mark.parametrize(
    ("mistake", "where"),
    [
        (CLUSTER.replace("tls://", "tcp://"), "workers.scheduler"),
        (CLUSTER.replace(":8786", ""), "workers.scheduler"),
        (CLUSTER.replace(", tls_key: k.pem", ""), "workers.tls_key"),
        (CLUSTER.replace("tls_key: k.pem", "tls_key: k.pem, password: x"), "workers.password"),
        ("workers: {kind: processes, scheduler: 'tls://a:1'}", "workers.scheduler"),
        ("workers: {kind: slurm}", "workers"),
    ],
)
def test_a_cluster_that_is_described_wrongly_is_refused(tmp_path, mistake, where):
    assert any(where in one for one in problems(tmp_path, f"{GOOD}\n{mistake}\n"))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("to: [{kind: webhook, url: 'http://ops.example.org/'}]", "https"),
        ("to: [{kind: webhook, url: 'https://jo:geheim@ops.example.org/'}]", "without user and password"),
        ("to: [{kind: webhook, url: 'http://127.0.0.1.example.org/'}]", "https"),
        ("to: [{kind: webhook, url: 'https://a.example/ b'}]", "https"),
        ("to: [{kind: webhook, url: 'https://a/'}, {kind: webhook, url: 'https://b/'}]", "give each a name"),
        ("to: [{kind: webhook, url: 'https://a/', secret: whsec_x}]", "secret"),
        ("to: [{kind: mail}]", "kind"),
        ("about: [everything]", "about"),
        ("quiet_hours: '22-7'", "22:00-07:00"),
        ("disk_below: 20", "20"),
        ("collect: 2", "unit"),
    ],
)
def test_notifications_that_cannot_be_meant_are_refused(tmp_path, given, said):
    found = problems(tmp_path, f"{GOOD}\nnotifications: {{{given}}}\n")
    assert all("notifications" in one for one in found)
    assert any(said in one for one in found)


def test_notifications_go_to_several_channels(tmp_path):
    channels = (
        "{kind: webhook, url: 'https://a.example:8443/x?y=z'}, "
        "{kind: webhook, url: 'http://[::1]:9/', name: here}, {kind: apprise}"
    )
    text = f"{GOOD}\nnotifications: {{to: [{channels}], quiet_hours: '22:00-07:00', collect: 5m}}\n"
    named = load_settings(written(tmp_path, text)).notifications
    assert [channel.key for channel in named.to] == ["webhook", "here", "apprise"]
    assert (named.collect, named.disk_below) == (300.0, 20 * 10**9)
    assert load_settings(written(tmp_path, GOOD)).notifications.to == ()
