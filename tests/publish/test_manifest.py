from __future__ import annotations

import copy
import dataclasses
import hashlib
import json
from fractions import Fraction
from importlib import resources

import jsonschema
import pytest
from publish.sessions import (
    BEGAN_AT,
    CHAIN_HEAD,
    CHECKS,
    LEFT_OUT,
    LISTED,
    OFFSETS,
    RATE,
    TAKEN_AS_IS,
    material,
    session,
    with_plan,
)

from mcsyncd.errors import McsyncError
from mcsyncd.model.alignment import SyncMethod
from mcsyncd.model.drift_curve import DriftKnot
from mcsyncd.model.publishing import PlannedObject, Publication, PublishingPlan
from mcsyncd.model.rate import split_offset
from mcsyncd.model.recorder_notes import RecorderNotes, TrackName
from mcsyncd.publish import manifest
from mcsyncd.settings.load import find_shipped_profiles
from mcsyncd.settings.profiles import build_profile_schema, list_profile_names, load_profile

VERSIONS = {"mcsyncd": "0.1.0", "x264": "165"}
SCHEMA = json.loads((resources.files("mcsyncd.publish") / "manifest.schema.json").read_text("utf-8"))


def build_bytes(of) -> bytes:
    return manifest.serialize_canonical(manifest.build_manifest(of, versions=VERSIONS))


def built(of=None) -> dict:
    return json.loads(build_bytes(of or session()))


def clips(document: dict) -> dict[str, dict]:
    return {clip["id"]: clip for camera in document["cameras"] for clip in camera["clips"]}


def closed(schema):
    """The schema with unknown fields refused: what we write must be described."""
    strict = copy.deepcopy(schema)
    stack = [strict]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            if "properties" in node:
                node["additionalProperties"] = False
            stack += node.values()
        elif isinstance(node, list):
            stack += node
    return strict


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$id"].endswith(manifest.SCHEMA_VERSION)


@pytest.mark.parametrize(
    "of",
    [
        session(),
        session(approved=False),
        session(published=Publication(2, "v1/manifest/s/000002-a.json", "a" * 64)),
    ],
    ids=["approved", "unapproved", "republished"],
)
def test_what_is_built_is_described_in_full(of):
    jsonschema.Draft202012Validator(closed(SCHEMA)).validate(built(of))


@pytest.mark.parametrize(
    ("field", "wrong"),
    [("rate", [29.97, 1]), ("revision", "3"), ("schema", "2.0.0"), ("sync_confidence", 92), ("cameras", [])],
)
def test_the_schema_refuses_what_is_wrong(field, wrong):
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(built() | {field: wrong}, SCHEMA)


def test_a_reader_may_meet_unknown_fields():
    jsonschema.validate(built() | {"new_in_1_1": True}, SCHEMA)


def test_what_was_left_out_or_taken_although_incomplete_is_listed():
    assert (built()["left_out"], built()["taken_as_is"]) == ([], [])
    of = dataclasses.replace(session(), left_out=(LEFT_OUT,), taken_as_is=(TAKEN_AS_IS,))
    jsonschema.Draft202012Validator(closed(SCHEMA)).validate(built(of))
    assert built(of)["left_out"] == [{"id": LEFT_OUT.key, "bytes": LEFT_OUT.bytes, "reason": LEFT_OUT.reason}]
    assert [file["id"] for file in built(of)["taken_as_is"]] == [TAKEN_AS_IS.key]


def test_what_hash_lists_say_of_a_clip_is_in_the_manifest():
    clips = [clip for camera in built()["cameras"] for clip in camera["clips"]]
    assert {
        clip["id"]: clip["original"]["hash_checks"] for clip in clips if clip["original"]["hash_checks"]
    } == {LISTED: [dataclasses.asdict(one) for one in CHECKS]}


def test_a_drift_curve_is_told_of_the_clip_and_of_what_it_is_baked_into():
    curve = (DriftKnot(0, -300), DriftKnot(60_000_000, 450))
    of, results = session(), material()["conformed"]
    results["cam_b/B001.MP4"] = dataclasses.replace(
        results["cam_b/B001.MP4"],
        renditions=tuple(
            dataclasses.replace(one, curve_applied=curve) for one in results["cam_b/B001.MP4"].renditions
        ),
    )
    angles = tuple(
        dataclasses.replace(
            angle,
            placements=tuple(
                dataclasses.replace(one, curve=curve if one.clip == "B001.MP4" else ())
                for one in angle.placements
            ),
        )
        for angle in of.alignment.angles
    )
    bent = dataclasses.replace(of, alignment=dataclasses.replace(of.alignment, angles=angles))
    document = built(with_plan(bent, results))
    jsonschema.Draft202012Validator(closed(SCHEMA)).validate(document)
    for key, clip in clips(document).items():
        told = [[0, -300], [60_000_000, 450]] if key == "cam_b/B001.MP4" else []
        assert clip["drift_curve"] == told
        made = [clip[kind] for kind in ("mezzanine", "proxy") if clip[kind] is not None]
        assert [one["drift_curve_applied"] for one in made] == [told] * len(made)


def test_a_clip_whose_picture_cannot_be_decoded_has_its_original_alone():
    of = session()
    hidden = dataclasses.replace(
        of.clips[0], media=dataclasses.replace(of.clips[0].media, hidden_picture="brxq")
    )
    document = built(dataclasses.replace(of, clips=(hidden, *of.clips[1:])))
    jsonschema.Draft202012Validator(closed(SCHEMA)).validate(document)
    (found,) = (
        clip for camera in document["cameras"] for clip in camera["clips"] if clip["id"] == hidden.key
    )
    assert found["original"]["sha256"] == hidden.digest.sha256
    assert (found["mezzanine"], found["proxy"], found["sprites"]) == (None, None, None)
    assert built(of)["cameras"][0]["clips"][0]["mezzanine"] is not None


def test_what_was_recorded_at_once_or_goes_on_is_named():
    of = session()
    notes = RecorderNotes(scene="12A", take="3", tracks=(TrackName(2, "Anna lav"),))
    media = dataclasses.replace(of.clips[0].media, notes=notes, time_reference_us=5)
    angles = tuple(
        dataclasses.replace(
            angle,
            placements=tuple(
                dataclasses.replace(one, continues="before.MP4", parallel_to="beside.WAV")
                for one in angle.placements
            ),
        )
        for angle in of.alignment.angles
    )
    document = built(
        dataclasses.replace(
            of,
            clips=tuple(dataclasses.replace(clip, media=media) for clip in of.clips),
            alignment=dataclasses.replace(of.alignment, angles=angles),
        )
    )
    jsonschema.Draft202012Validator(closed(SCHEMA)).validate(document)
    clip = document["cameras"][0]["clips"][0]
    camera = document["cameras"][0]["id"]
    assert (clip["continues"], clip["parallel_to"]) == (f"{camera}/before.MP4", f"{camera}/beside.WAV")
    recorder = clip["original"]["media"]["recorder"]
    assert (recorder["scene"], recorder["tracks"]) == ("12A", [{"channel": 2, "name": "Anna lav"}])


def test_what_belongs_to_a_clip_is_listed_under_the_name_that_it_had_on_the_card():
    of = session()
    owner = of.clips[0]
    folder = owner.path.removesuffix(owner.name)
    key = f"v1/orig/s/{owner.camera}/{'a' * 64}.xml"
    beside = PlannedObject(key, "attached", f"{folder}CLIP/C0001M01.XML", 5, "a" * 64, owner.key)
    plan = PublishingPlan((*of.publishing.plan.objects, beside))
    document = built(dataclasses.replace(of, publishing=dataclasses.replace(of.publishing, plan=plan)))
    jsonschema.Draft202012Validator(closed(SCHEMA)).validate(document)
    (found,) = clips(document)[owner.key]["attached"]
    assert (found["name"], found["key"], found["bytes"]) == ("CLIP/C0001M01.XML", key, 5)
    assert all(clip["attached"] == [] for one, clip in clips(document).items() if one != owner.key)


def test_the_forensic_fields():
    document = built()
    assert document["sync_confidence"] == 0.9
    assert document["sync_method"] == "audio-corr"
    assert (document["approved_by"], document["approved_uid"]) == ("okafor", 1001)
    assert document["approved_at"] == "2026-11-23T09:30:00.000000Z"
    assert document["chain_head"] == CHAIN_HEAD
    assert document["generated_at"] == BEGAN_AT
    assert document["versions"] == VERSIONS
    assert document["profiles"]["proxy"]["document"]["video"]["codec"] == "h264"


def test_a_nudge_is_manual_and_keeps_the_machines_number():
    one = session()
    nudged = dataclasses.replace(one, alignment=dataclasses.replace(one.alignment, method=SyncMethod.MANUAL))
    document = built(nudged)
    assert (document["sync_method"], document["sync_confidence"]) == ("manual", 0.9)


@pytest.mark.parametrize(("key", "offset"), [(k, o) for k, o in OFFSETS.items() if o is not None])
def test_start_tick_and_phase_give_the_offset_back(key, offset):
    clip = clips(built())[key]
    assert clip["offset_us"] == offset
    for kind in ("mezzanine", "proxy"):
        made = clip[kind]
        rate = Fraction(*made["rate"])
        assert abs(made["start_tick"] * 1_000_000 / rate + made["phase_us"] - offset) <= 10
        assert made["drift_applied_ppm"] == 11.8
        assert made["duration_us"] == round(1800 * 1_000_000 / rate)


def test_a_clip_without_a_place_has_none():
    clip = clips(built())["cam_c/C.WAV"]
    assert (clip["offset_us"], clip["mezzanine"]) == (None, None)
    assert clip["original"]["media"]["video"] is None


def test_every_planned_object_is_named_and_no_other():
    document = built()
    described = [part for clip in clips(document).values() for part in clip.values()]
    parts = [part for part in described if isinstance(part, dict) and "key" in part]
    parts += [sheet for part in parts for sheet in part.get("sheets", ())]
    parts += [part["sidecar"] for part in parts if part.get("sidecar")]
    named = {part["key"]: (part["bytes"], part["sha256"]) for part in parts}
    planned = session().publishing.plan.objects
    assert named == {one.key: (one.bytes, one.sha256) for one in planned}


def test_audio_tracks_say_where_they_are_from_and_damage_is_marked():
    clip = clips(built())["cam_a/A001.MOV"]
    (track,) = clip["mezzanine"]["audio_tracks"]
    assert (track["layout"], track["channels"], track["source_channels"]) == ("stereo", 2, [[0, 0], [0, 1]])
    assert track["pcm_sha256"]
    assert clip["proxy"]["audio_tracks"][0]["pcm_sha256"] is None  # not lossless
    assert clip["report"]["damaged_ranges"] == [[48, 12]]
    assert clip["report"]["warnings"] == ["the video is damaged for 0.40 s"]
    assert clips(built())["cam_c/C.WAV"]["report"] is None


def test_sheets_lie_beside_the_track_that_names_them():
    sprites = clips(built())["cam_a/A001.MOV"]["sprites"]
    assert sprites["content_type"] == "text/vtt"
    assert [sheet["content_type"] for sheet in sprites["sheets"]] == ["image/jpeg"] * 2
    folders = {part["key"].rpartition("/")[0] for part in (sprites, *sprites["sheets"])}
    assert len(folders) == 1
    assert all(sheet["key"].endswith(f"/{sheet['sha256'][:16]}.jpg") for sheet in sprites["sheets"])


def test_a_clip_without_thumbnails_has_none_in_its_manifest():
    conformed = material()["conformed"]
    bare = dataclasses.replace(conformed["cam_a/A001.MOV"], sprites=None)
    document = built(with_plan(session(), conformed | {"cam_a/A001.MOV": bare}))
    jsonschema.validate(document, SCHEMA)
    assert clips(document)["cam_a/A001.MOV"]["sprites"] is None


def test_the_same_recording_twice_has_one_key_in_both_clips():
    one = session()
    twin = dataclasses.replace(one.find_clip("cam_a/A001.MOV"), name="COPY.MOV", path="copy.mov")
    two = with_plan(dataclasses.replace(one, clips=(*one.clips, twin)), material()["conformed"])
    described = clips(built(two))
    assert described["cam_a/COPY.MOV"]["original"]["key"] == described["cam_a/A001.MOV"]["original"]["key"]


def test_a_waveform_says_what_it_is_and_of_which_channels():
    peaks = clips(built())["cam_b/B001.MP4"]["peaks"]
    assert (peaks["format"], peaks["channels"]) == (manifest.PEAKS_FORMAT, [[0, 1]])
    assert peaks["key"].endswith(".dat")


def test_a_sidecar_is_the_one_that_the_proof_names():
    for clip in clips(built()).values():
        for made in (clip["mezzanine"], clip["proxy"]):
            if made is not None:
                assert made["sidecar"]["sha256"] == made["proof"]["sidecar_sha256"]
                assert made["sidecar"]["content_type"] == "application/json"
                assert made["sidecar"]["key"].startswith(made["key"].rpartition(".")[0])


def test_clips_of_a_camera_are_in_order_of_time():
    camera = next(camera for camera in built()["cameras"] if camera["id"] == "cam_b")
    assert [clip["name"] for clip in camera["clips"]] == ["B001.MP4", "B002.MP4"]
    assert (camera["overlap_us"], camera["residual_us"]) == (58_250_000, 210)


def test_no_time_is_a_float():
    def walk(node, path=""):
        if isinstance(node, dict):
            for name, value in node.items():
                walk(value, f"{path}.{name}")
        elif isinstance(node, list):
            for value in node:
                walk(value, path)
        elif isinstance(node, float):
            assert path.rpartition(".")[2] in (
                "drift_ppm",
                "drift_applied_ppm",
                "confidence",
                "sync_confidence",
            )

    walk(built())


def test_equal_sessions_give_equal_bytes_and_keys_are_sorted():
    one = build_bytes(session())
    two = build_bytes(session())
    assert hashlib.sha256(one).digest() == hashlib.sha256(two).digest()
    assert list(json.loads(one)) == sorted(json.loads(one))
    assert b"Cam [b]" in one


def test_half_a_character_in_a_tag_is_written_all_the_same():
    assert json.loads(manifest.serialize_canonical({"timecode": "\udcff \x1b"})) == {
        "timecode": "\udcff \x1b"
    }


def test_the_manifest_before_is_named():
    last = Publication(2, "v1/manifest/s/000002-a.json", "a" * 64)
    assert built(session(published=last))["previous"] == dataclasses.asdict(last)
    assert built(session(published=dataclasses.replace(last, revision=3)))["previous"] is None


def test_a_session_without_an_answer_has_no_manifest():
    with pytest.raises(McsyncError, match="no offsets"):
        build_bytes(dataclasses.replace(session(), alignment=None))
    with pytest.raises(McsyncError, match="not planned"):
        build_bytes(dataclasses.replace(session(), publishing=None))


def test_the_fixture_is_on_the_grid_it_says():
    assert split_offset(OFFSETS["cam_b/B001.MP4"], RATE)[0] == -4


def build_profile_definitions() -> dict[str, object]:
    """The schema of profiles as part of the manifest's: a reader may meet fields that came later."""

    def adapt(node):
        if isinstance(node, list):
            return [adapt(one) for one in node]
        if not isinstance(node, dict):
            return node.replace("#/$defs/", "#/$defs/profile_") if isinstance(node, str) else node
        left_out = {"additionalProperties", "discriminator", "title", "$schema", "$defs"}
        return {key: adapt(value) for key, value in node.items() if key not in left_out}

    schema = build_profile_schema()
    document = adapt(schema)
    del document["properties"]["description"]  # not part of a profile's identity
    return {
        "profile_document": document,
        **{f"profile_{name}": adapt(definition) for name, definition in schema["$defs"].items()},
    }


def test_the_profile_documents_are_typed():
    definitions = build_profile_definitions()
    assert {name: SCHEMA["$defs"].get(name) for name in definitions} == definitions
    document = built()
    document["profiles"]["proxy"]["document"]["video"]["crf"] = "about 20"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, SCHEMA)


@pytest.mark.parametrize("name", list_profile_names(find_shipped_profiles()))
def test_every_shipped_profile_fits_the_manifest(name):
    document = built()
    profile = load_profile(find_shipped_profiles(), name)
    document["profiles"]["proxy"]["document"] = json.loads(profile.format_canonical_json())
    jsonschema.validate(document, SCHEMA)
