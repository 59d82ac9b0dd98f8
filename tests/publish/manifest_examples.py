"""The examples in docs/manifest_examples: `python tests/publish/manifest_examples.py` writes them anew.

Each document shows one state that a reader can meet. The product's own code builds it; only the line breaks
are ours, because a published document has none.
"""

from __future__ import annotations

import copy
import dataclasses
import hashlib
import json
import re
import sys
from importlib import resources
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from publish.example_session import Example, ExampleClip

from mcsyncd.model.alignment import Disposition
from mcsyncd.model.clip import Camera, HeldFile
from mcsyncd.model.drift_curve import DriftKnot
from mcsyncd.model.hash_check import HashCheck
from mcsyncd.model.publishing import HeadState, Publication
from mcsyncd.model.rate import Rate
from mcsyncd.model.reason import ReasonCode, build_reason
from mcsyncd.model.recorder_notes import RecorderNotes, TrackName
from mcsyncd.model.rendition import ConformReport
from mcsyncd.model.session import Actor, Ruling
from mcsyncd.publish.head import HeadDocument
from mcsyncd.publish.keys import build_manifest_key
from mcsyncd.publish.manifest import build_manifest, serialize_canonical

FOLDER = Path(__file__).parents[2] / "docs" / "manifest_examples"
SCHEMA = json.loads((resources.files("mcsyncd.publish") / "manifest.schema.json").read_text("utf-8"))
VERSIONS = {"mcsyncd": "0.1.0", "pyav": "18.1.0", "x264": "165"}
WIDTH = 110

_R2997, _R25, _R30 = Rate(30000, 1001), Rate(25), Rate(30)
_CAMERAS = (Camera("cam_a", "Cam A", reference=True), Camera("cam_b", "Cam B"), Camera("cam_c", "Phone"))
_RUIZ = Actor("a.ruiz", 1002)
_STEADY = ConformReport(frame_interval_us=(33_366, 33_367))
_CAM_A = ExampleClip("cam_a/A001C003.MOV", 0, 75.075, _R2997, timecode="10:00:00;00", report=_STEADY)
_CAM_B = ExampleClip(
    "cam_b/C0012.MP4", -134_000, 75.6, _R25, confidence=0.97, drift_ppm=18.2, attached=("C0012M01.XML",)
)
_CAM_C = ExampleClip("cam_c/IMG_2051.MP4", 87_000, 74.6, _R30, confidence=0.93, drift_ppm=-31.0)

_SYNCED = Example("20261127-103000-a1b", _CAMERAS, (_CAM_A, _CAM_B, _CAM_C), _R2997)


def _publish(example: Example) -> Publication:
    return _name_manifest(example, _build(example))


def _name_manifest(example: Example, document: dict) -> Publication:
    """Say how a pointer names a manifest."""
    sha256 = hashlib.sha256(serialize_canonical(document)).hexdigest()
    return Publication(example.revision, build_manifest_key(example.id, example.revision, sha256), sha256)


def _build(example: Example) -> dict:
    return build_manifest(example.session, versions=VERSIONS)


_SET_BY_HAND = dataclasses.replace(
    _SYNCED,
    clips=(
        _CAM_A,
        dataclasses.replace(_CAM_B, offset_us=-167_367, disposition=Disposition.MANUAL, confidence=0.71),
        _CAM_C,
    ),
    revision=3,
    reasons=(build_reason(ReasonCode.SPREAD, "cam_b", "cam_a"),),
    previous=_publish(_SYNCED),
    approved_by=_RUIZ,
    reviewed_min=95,
)
_PLACED_BY_CLOCK = Example(
    "20261127-114500-c4k",
    _CAMERAS[:2],
    (
        ExampleClip("cam_a/A001C007.MOV", 0, 60.06, _R25, timecode="11:45:00:00"),
        ExampleClip(
            "cam_b/C0019.MP4", 2_000_000, 48.0, _R25, Disposition.FALLBACK, 0.5, timecode="11:45:02:00",
            channels=0,
        ),
    ),
    _R25,
    reasons=(
        build_reason(ReasonCode.NO_SOUND, "cam_b"),
        build_reason(ReasonCode.PLACED_BY_TIMECODE, "cam_b"),
    ),
)  # fmt: skip
_OFF_TIMELINE = Example(
    "20261127-120700-q9x",
    _CAMERAS[:2],
    (
        ExampleClip("cam_a/A001C009.MOV", 0, 40.04, _R2997, timecode="12:07:00;00"),
        ExampleClip("cam_b/C0021.MP4", 5_240_000, 30.0, _R25, confidence=0.98),
        ExampleClip("cam_b/C0022.MP4", None, 8.0, _R25, Disposition.SET_ASIDE, None, channels=0),
        ExampleClip("cam_b/C0023.MP4", None, 12.0, _R25, Disposition.SET_ASIDE, 0.88),
        ExampleClip("cam_b/C0024.MP4", None, 3.0, _R25, Disposition.LEFT_OUT, 0.91),
    ),
    _R2997,
    reasons=(build_reason(ReasonCode.SET_ASIDE, "cam_b/C0022.MP4", silent=1.0),),
    rulings=(
        Ruling("cam_b/C0023.MP4", Disposition.SET_ASIDE, "cutaways", _RUIZ, "2026-11-27T12:31:40.000000Z"),
        Ruling(
            "cam_b/C0024.MP4", Disposition.LEFT_OUT, "filmed the floor", _RUIZ, "2026-11-27T12:32:05.000000Z"
        ),
    ),
    left_out=(HeldFile("cam_b", "C0025.MP4", 52_428_800, "it has no index (moov): a part is missing"),),
)
_RECORDER = Example(
    "20261127-131500-r7d",
    (*_CAMERAS[:2], Camera("rec", "Recorder", kind="sound")),
    (
        ExampleClip("cam_a/GX010042.MP4", 0, 1801.8, _R2997, timecode="13:15:00;00"),
        ExampleClip("cam_a/GX020042.MP4", 1_801_800_000, 600.6, _R2997, continues="GX010042.MP4"),
        ExampleClip(
            "cam_b/C0030.MP4", 1_200_000, 2100.0, _R25, confidence=0.99, drift_ppm=4.0,
            curve=(DriftKnot(0, 0), DriftKnot(600_000_000, 3_000), DriftKnot(2_100_000_000, 1_300)),
        ),
        *(
            ExampleClip(
                f"rec/T07_{number}.WAV", -3_003_000, 2700.0, confidence=0.99, channels=1,
                parallel_to="" if number == 1 else "T07_1.WAV",
                notes=RecorderNotes(
                    scene="12A", take="7", tape="27Y11M26", family="20261127131457",
                    tracks=(TrackName(number, name),),
                ),
            )
            for number, name in ((1, "Boom"), (2, "Anna lav"))
        ),
    ),
    _R2997,
    has_tags=False,
)  # fmt: skip
_DAMAGED = Example(
    "20261127-142000-d5m",
    _CAMERAS[:2],
    (
        ExampleClip(
            "cam_a/A002C001.MOV", 0, 30.03, _R2997, timecode="14:20:00;00",
            checks=(HashCheck("card.mhl", "xxh64", "verified"),),
        ),
        ExampleClip(
            "cam_b/C0040.MP4", -500_500, 20.02, _R2997, confidence=0.96,
            checks=(HashCheck("C0040.MP4.md5", "md5", "failed"),),
            report=ConformReport(
                ((48, 12),), 12, (33_367, 33_367), 20_000, 1, ("the video is damaged for 0.40 s",)
            ),
        ),
        ExampleClip("cam_b/C0041.BRAW", 19_700_000, 10.0, confidence=0.95, hidden_picture="brxq"),
    ),
    _R2997,
    reasons=(
        build_reason(
            ReasonCode.HASH_DIFFERS, "cam_b/C0040.MP4", hash_list="C0040.MP4.md5", algorithm="md5"
        ),
        build_reason(ReasonCode.HIDDEN_PICTURE, "cam_b/C0041.BRAW", codec="brxq"),
    ),
    taken_as_is=(HeldFile("cam_b", "C0040.MP4", 250_250_000, "its last packet is cut"),),
)  # fmt: skip

EXAMPLES = {
    "synced": _SYNCED,
    "set_by_hand": _SET_BY_HAND,
    "placed_by_clock": _PLACED_BY_CLOCK,
    "off_timeline": _OFF_TIMELINE,
    "recorder": _RECORDER,
    "damaged": _DAMAGED,
    "first_version": _SYNCED,
}
"""By file name; the last is the first again, as version 1.0.0 of the format had it."""


def build_examples() -> dict[str, dict]:
    """Return every example by the name of its file, manifests and pointers."""
    manifests = {f"{name}.json": _build(example) for name, example in EXAMPLES.items()}
    manifests["first_version.json"] = remove_later_fields(manifests["synced.json"])
    return manifests | {f"pointer_{name}.json": pointer for name, pointer in _build_pointers().items()}


def _build_pointers() -> dict[str, dict]:
    first, second = _publish(_SYNCED), _publish(_SET_BY_HAND)
    documents = {
        "current": HeadDocument(second, HeadState.CURRENT, "", "2026-11-27T12:05:12.000000Z"),
        "under_review": HeadDocument(
            first, HeadState.UNDER_REVIEW, "cam b looks a frame late", "2026-11-27T11:20:00.000000Z"
        ),
        "withdrawn": HeadDocument(
            second, HeadState.WITHDRAWN, "the wrong card was dropped", "2026-11-27T15:40:31.000000Z"
        ),
    }
    pointers = {name: json.loads(document.body) for name, document in documents.items()}
    old = _name_manifest(_SYNCED, remove_later_fields(_build(_SYNCED)))
    return pointers | {
        "first_version": {
            "schema": "1.0.0",
            "revision": old.revision,
            "manifest_key": old.key,
            "manifest_sha256": old.sha256,
            "updated": "2026-11-27T11:02:12.000000Z",
        }
    }


def remove_later_fields(document: dict) -> dict:
    """Return a manifest as version 1.0.0 had it: without what the schema says came later."""
    old = copy.deepcopy(document) | {"schema": "1.0.0"}
    _remove_later(old, SCHEMA)
    return old


def _remove_later(value: object, schema: dict) -> None:
    if "$ref" in schema:
        schema = schema | SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]]
    for choice in schema.get("anyOf", ()):
        _remove_later(value, choice)
    if isinstance(value, list):
        for one in value:
            _remove_later(one, schema.get("items", {}))
    if isinstance(value, dict):
        for name, described in schema.get("properties", {}).items():
            if name in value and re.search(r"Since 1\.[1-9]", described.get("description", "")):
                del value[name]
            elif name in value:
                _remove_later(value[name], described)


def format_document(value: object, indent: int = 0) -> str:
    """Write a document for people: what fits a line is on one, keys in order."""
    line = json.dumps(value, sort_keys=True, ensure_ascii=False)
    if len(line) + indent <= WIDTH or not isinstance(value, (dict, list)):
        return line
    inner, outer = " " * (indent + 1), " " * indent
    if isinstance(value, dict):
        rows = [f"{json.dumps(name)}: {format_document(value[name], indent + 1)}" for name in sorted(value)]
        return "{\n" + ",\n".join(inner + row for row in rows) + f"\n{outer}}}"
    rows = [format_document(one, indent + 1) for one in value]
    return "[\n" + ",\n".join(inner + row for row in rows) + f"\n{outer}]"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for _name, _document in build_examples().items():
        (FOLDER / _name).write_text(format_document(_document) + "\n", "utf-8")
