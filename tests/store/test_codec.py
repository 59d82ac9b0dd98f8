"""What earlier versions recorded stays readable."""

from __future__ import annotations

import json

from mcsyncd.model.events import ClipAudioAnalysed
from mcsyncd.model.losses import list_unproven_paths
from mcsyncd.model.session import Session
from mcsyncd.store.codec import event_from_json, json_from_session, session_from_json
from shoots import AT

AUDIO = {
    "rate": 8000,
    "start_us": 0,
    "samples": 8000,
    "channels": [{"path": "listen/0.s16", "stream": 1, "channel": 0}],
    "peaks": "listen/peaks.bin",
    "notes": [],
}
"""Analysis audio as version 0.1.0 recorded it."""


def test_an_event_without_hashes_is_readable_and_proves_nothing():
    text = json.dumps(
        {"at": AT, "clip": "cam_a/A001.MOV", "analysis_audio": AUDIO, "kind": "clip_audio_analysed"}
    )
    event = event_from_json(text)
    assert isinstance(event, ClipAudioAnalysed)
    assert [file.sha256 for file in event.analysis_audio.files] == ["", ""]


def test_a_session_without_the_fields_for_losses_is_readable():
    row = json.loads(json_from_session(Session("20261123-091502-k7q", AT)))
    del row["losses"]
    clip = {"camera": "cam_a", "name": "A001.MOV", "bytes": 1, "mtime_ns": 1, "analysis_audio": AUDIO}
    session = session_from_json(json.dumps(row | {"clips": [clip]}))
    assert session.losses == ()
    assert list_unproven_paths(session) == ("listen/0.s16", "listen/peaks.bin")
