"""The readers of the documents: right answers about every example, and the same ones in both languages."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from fractions import Fraction
from math import ceil
from pathlib import Path

import pytest
from publish.example_session import Example
from publish.manifest_examples import EXAMPLES, build_examples
from publish.sessions import session

from mcsyncd.model.publishing import HeadState, Publication
from mcsyncd.publish.head import HeadDocument
from mcsyncd.publish.keys import build_head_key, build_manifest_key
from mcsyncd.publish.manifest import build_manifest, serialize_canonical
from readers import Reader, prepare_reader, serve_folder, write_share

DOCUMENTS = build_examples()
SECONDS = 1_000_000


@pytest.fixture(scope="module", params=["python", "typescript"])
def reader(request) -> Reader:
    return prepare_reader(request.param, request)


def publish(store: Path, document: dict, state: HeadState = HeadState.CURRENT, **changes: str) -> str:
    """Write a manifest and its pointer into a folder; return the session."""
    name, body = document["session"]["id"], serialize_canonical(document)
    sha256 = hashlib.sha256(body).hexdigest()
    key = build_manifest_key(name, document["revision"], sha256)
    pointer = HeadDocument(
        Publication(document["revision"], key, sha256), state, "why", "2026-11-27T12:00:00Z"
    )
    pointed = json.loads(pointer.body) | changes
    for where, content in ((key, body), (build_head_key(name), serialize_canonical(pointed))):
        (store / where).parent.mkdir(parents=True, exist_ok=True)
        (store / where).write_bytes(content)
    return name


def list_due(example: Example, at_us: int, *, sound: bool) -> Iterator[tuple[str, str, Fraction]]:
    """Yield camera, part of the key and seconds on the clip's own clock of what was recorded at that moment.

    By the description of the example and the definition of an offset alone.
    """
    for clip in example.clips:
        if clip.offset_us is None or clip.hidden_picture or not (clip.channels if sound else clip.rate):
            continue
        inside = Fraction(at_us - clip.offset_us, SECONDS)
        if 0 <= inside < Fraction(clip.seconds):
            yield clip.camera, hashlib.sha256(clip.key.encode()).hexdigest()[:16], inside


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_frame_and_the_sound_of_every_moment_are_those_that_were_recorded_then(name, reader, tmp_path):
    example, rate = EXAMPLES[name], EXAMPLES[name].rate.fraction
    where = publish(tmp_path, DOCUMENTS[f"{name}.json"])
    for tick in (-60, 0, 333, 1500, 1801, 9000):
        at_us = ceil(tick / rate * SECONDS)
        answer = reader.read(tmp_path, where, at_us)
        assert answer["tick"] == tick
        due = {camera: (part, inside) for camera, part, inside in list_due(example, at_us, sound=False)}
        assert answer["show"].keys() == due.keys()
        for camera, (part, inside) in due.items():
            shown = answer["show"][camera]
            assert f"{tmp_path}/v1/proxy/{where}/{camera}/{part}/" in shown["file"]
            assert abs(shown["frame"] - inside * rate) <= Fraction(501, 1000)
            assert shown["seek_s"] == pytest.approx(float((shown["frame"] + Fraction(1, 2)) / rate))
        assert_sound_is_right(answer["play"], example, at_us, name)


def assert_sound_is_right(played: list, example: Example, at_us: int, name: str) -> None:
    due = list(list_due(example, at_us, sound=True))
    cameras = {camera for camera, _, _ in due}
    order = ["rec", "cam_a", "cam_b", "cam_c"]
    chosen = next((camera for camera in order if camera in cameras), None)
    wanted = [(part, inside) for camera, part, inside in due if camera == chosen]
    assert len(played) == len(wanted), name
    for one, (part, inside) in zip(played, wanted, strict=True):
        assert f"/{part}/" in one["file"]
        assert abs(one["from_s"] - inside) <= 0.501 / example.rate.fraction


def test_how_sure_a_session_is_and_who_approved_it(reader, tmp_path):
    told = reader.read(tmp_path, publish(tmp_path, DOCUMENTS["set_by_hand.json"]), 0)["judge"]
    assert (told["approved_by"], told["sync_method"], told["state"]) == ("a.ruiz", "manual", "current")
    assert told["cameras"]["cam_b"] == {
        "confidence": 0.71,
        "placed": ["manual"],
        "reasons": ["the offset between Cam B and Cam A is not sharp"],
    }
    old = reader.read(tmp_path, publish(tmp_path, DOCUMENTS["first_version.json"]), 0)["judge"]
    assert old["cameras"]["cam_c"]["placed"] == ["unknown"]
    aside = reader.read(tmp_path, publish(tmp_path, DOCUMENTS["off_timeline.json"]), 0)["judge"]
    assert aside["cameras"]["cam_b"]["placed"] == ["left_out", "set_aside", "synced"]


def test_a_moment_belongs_to_the_frame_that_has_begun(reader, tmp_path):
    """At 29.97 no frame begins on a whole microsecond; a time of day as an offset makes products large."""
    where = publish(tmp_path, DOCUMENTS["synced.json"])
    for tick in (1, 29, 107_892, 2_589_408, -1):
        begins_us = ceil(tick * SECONDS / EXAMPLES["synced"].rate.fraction)
        for at_us, wanted in ((begins_us, tick), (begins_us - 1, tick - 1)):
            assert reader.read(tmp_path, where, at_us)["tick"] == wanted


@pytest.mark.parametrize(
    ("change", "pointed", "words"),
    [
        ({"schema": "2.0.0"}, {}, "a manifest of version 2.0.0"),
        ({}, {"state": HeadState.WITHDRAWN}, "withdrawn: why"),
        ({}, {"manifest_sha256": "0" * 64}, "not the one that the pointer names"),
    ],
)
def test_what_must_not_be_used_is_refused(change, pointed, words, reader, tmp_path):
    told = reader.run(tmp_path, publish(tmp_path, DOCUMENTS["synced.json"] | change, **pointed), 0)
    assert told.returncode != 0
    assert told.stdout == ""
    assert words in told.stderr


def test_unknown_fields_and_a_review_change_nothing(reader, tmp_path):
    document = DOCUMENTS["synced.json"]
    plain = reader.read(tmp_path, publish(tmp_path, document), SECONDS)
    later = {"schema": "1.99.0", "new": {"key": "what came later"}}
    found = reader.read(tmp_path, publish(tmp_path, document | later, HeadState.UNDER_REVIEW), SECONDS)
    assert found.pop("judge") == plain.pop("judge") | {"state": "under_review"}
    assert found == plain


@pytest.fixture
def address(tmp_path) -> Iterator[str]:
    with serve_folder(tmp_path) as served:
        yield served


def test_an_address_and_a_share_give_what_the_folder_gives(reader, address, tmp_path):
    """With the files themselves, which are made up: what is wrong with them is found by each way."""
    store = tmp_path
    of = session()
    for one in of.publishing.plan.objects:
        (store / one.key).parent.mkdir(parents=True, exist_ok=True)
        content = (one.clip if one.kind == "original" else one.path).encode()
        assert hashlib.sha256(content).hexdigest() == one.sha256
        (store / one.key).write_bytes(content)
    where = publish(store, json.loads(serialize_canonical(build_manifest(of, versions={}))))
    proxies = [one for one in of.publishing.plan.uploads if one.kind == "proxy"]
    share = write_share(tmp_path / "share.json", store, where, address, (one.key for one in proxies))
    answers = [reader.read(base, where, SECONDS, "verify") for base in (store, address, share)]
    for prefix, suffix, answer in zip((store, address, address), ("", "", "?signed"), answers, strict=True):
        shown = answer["show"]["cam_b"]
        assert shown["frame"] == 29 + 4  # 134 ms before the reference
        assert shown["file"] in {f"{prefix}/{one.key}{suffix}" for one in proxies}
        assert answer["wrong"] == []
    changed, lost = proxies[0].key, next(o.key for o in of.publishing.plan.objects if o.kind == "original")
    (store / changed).write_bytes(b"x" * len((store / changed).read_bytes()))
    (store / lost).unlink()
    assert [reader.read(base, where, 0, "verify")["wrong"] for base in (store, address, share)] == [
        sorted([changed, lost]),
        sorted([changed, lost]),
        [changed],
    ]
    write_share(share, store, where, address, [proxies[0].key])
    told = reader.run(share, where, SECONDS)
    assert (told.returncode != 0, told.stdout) == (True, "")
    assert "is not shared" in told.stderr
