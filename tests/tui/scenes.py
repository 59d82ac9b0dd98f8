"""Bodies as a real shoot would bring them."""

from mcsyncd import api

CAMERAS = {"cam_a": "Cam A", "cam_b": "Cam B", "cam_c": "Cam C"}
SURE = "20261123-091502-k7q"
UNSURE = "20261123-093011-w2m"
ASIDE = "20261123-101500-b3r"


def status(**change):
    folders = {
        key: api.FolderBody(path=f"/srv/ingest/{key}", label=label, health="ok")
        for key, label in CAMERAS.items()
    }
    body = api.StatusBody(
        version="0.1.0",
        pid=4711,
        host="cam-nas",
        started_at="2026-11-23T08:00:00.000000+00:00",
        review_below=0.85,
        folders=folders,
        sessions={"in_review": 2},
        storage=api.StorageBody(
            kind="local", target="/srv/bucket", health="ok", work_free_bytes=1_800_000_000_000
        ),
        workers=[],
        worker_slots=2,
        free_slots=2,
        you="s.okafor",
        may_approve=True,
    )
    return changed(body, **change)


def changed(body, **change):
    """The body with other values, checked as the daemon's own are."""
    return type(body).model_validate({**dict(body), **change})


def curve(*humps):
    """A correlation 81 steps of 5 ms long, with (ms from the middle, height) humps."""
    steps = [5.0 * (i - 40) for i in range(81)]
    return [
        min(1.0, 0.06 + sum(high * max(0.0, 1 - abs(ms - at) / 12) for at, high in humps)) for ms in steps
    ]


def reason(text, subject="cam_c"):
    return api.ReasonBody(code="rival", subject=subject, text=text)


def angle(confidence, *candidates, reasons=(), strip=((0, 0.9),)):
    found = [api.CandidateBody(offset_ms=ms, score=score) for ms, score in candidates]
    return api.AngleBody(
        confidence=confidence,
        reasons=[reason(text) for text in reasons],
        candidates=found,
        overlap_s=601.2,
        residual_ms=0.21,
        strip=curve(*strip),
        strip_step_ms=5.0,
    )


def vote(kind, offset_ms, error_ms, stance):
    return api.WitnessBody(
        kind=kind, clip="C001C003.MOV", beside="cam_a", offset_ms=offset_ms, error_ms=error_ms, stance=stance
    )


def clips(key):
    name = f"{key[-1].upper()}001C003.MOV"
    return [api.ClipBody(name=name, bytes=3_200_000_000, sha256="9f" * 32, duration_s=601.0, offset_ms=0.0)]


def session(name=SURE, **change):
    body = api.SessionBody(
        id=name,
        state="in_review",
        revision=3,
        call_to_action="looks_good",
        sync_confidence=0.92,
        sync_method="audio-corr",
        offsets_ms={"cam_a": 0.0, "cam_b": -134.0, "cam_c": 87.0},
        drift_ppm={"cam_b": 11.8, "cam_c": -4.1},
        rate="30000/1001",
        cameras={key: api.CameraBody(label=label, clips=clips(key)) for key, label in CAMERAS.items()},
        reference="cam_a",
        angles={"cam_b": angle(0.97, (-134.0, 0.98)), "cam_c": angle(0.92, (87.0, 0.95))},
        duration_s=601.0,
        opened_at=f"{name[:4]}-{name[4:6]}-{name[6:8]}T{name[9:11]}:{name[11:13]}:{name[13:15]}.000000+00:00",
    )
    return changed(body, **change)


def unsure(name=UNSURE, **change):
    why = "Cam C has two near-equal matches, +87 ms (.93) and +127 ms (.86): an echo?"
    body = session(
        name,
        call_to_action="review_sync",
        sync_confidence=0.71,
        reasons=[reason(why)],
        offsets_ms={"cam_a": 0.0, "cam_b": -134.0, "cam_c": 127.0},
        angles={
            "cam_b": angle(0.96, (-134.0, 0.98)),
            "cam_c": angle(
                0.71, (127.0, 0.93), (87.0, 0.86), reasons=[why], strip=((0, 0.9), (-40, 0.83))
            ).model_copy(
                update={
                    "witnesses": [
                        vote("sound", 127.0, 0.1, "agrees"),
                        vote("timecode", 80.0, 42.4, "undecided"),
                        vote("recording_time", 7127.0, 56_600.0, "agrees"),
                    ]
                }
            ),
        },
    )
    return changed(body, **change)


def aside(name=ASIDE, **change):
    """A card of camera b with a b-roll clip, and one that nobody can read."""
    body = session(name)
    broll = api.ClipBody(name="CLIP/C0001.MP4", bytes=90_000_000, duration_s=20.0, disposition="set_aside")
    empty = api.ClipBody(name="CLIP/C0005.MP4", bytes=0, fault="C0005.MP4 is empty")
    cameras = {
        key: camera.model_copy(update={"clips": [broll, *camera.clips, empty]}) if key == "cam_b" else camera
        for key, camera in body.cameras.items()
    }
    why = reason("Cam B/CLIP/C0005.MP4: C0005.MP4 is empty", "cam_b/CLIP/C0005.MP4")
    return changed(body, call_to_action="review_sync", cameras=cameras, reasons=[why], **change)


def by_hand(name=SURE, **change):
    """Somebody moved Cam B by seven frames; the machine was sure of another place."""
    body = session(name)
    moved = api.HandSetBody(
        camera="cam_b",
        offset_ms=100.0,
        solved_ms=-134.0,
        solved_confidence=0.994,
        by="kim",
        at="2026-11-23T09:10:00.000000+00:00",
    )
    fields = {
        "call_to_action": "review_sync",
        "sync_method": "manual",
        "offsets_ms": {**body.offsets_ms, "cam_b": 100.0},
        "hand_set": [moved],
        "revision": 4,
    }
    return changed(body, **{**fields, **change})


def unplaced(name=UNSURE, **change):
    """Nothing says where Cam C belongs."""
    body = session(name)
    why = "nothing in Cam C is heard in another angle"
    cameras = {
        key: camera.model_copy(
            update={"clips": [clip.model_copy(update={"offset_ms": None}) for clip in camera.clips]}
        )
        if key == "cam_c"
        else camera
        for key, camera in body.cameras.items()
    }
    fields = {
        "call_to_action": "review_sync",
        "sync_confidence": 0.0,
        "offsets_ms": {**body.offsets_ms, "cam_c": None},
        "cameras": cameras,
        "angles": {**body.angles, "cam_c": angle(0.0, (5210.0, 0.2), reasons=[why])},
    }
    return changed(body, **{**fields, **change})


def far_rival(name=UNSURE, **change):
    """The sound also fits twelve seconds away, as music that repeats itself does."""
    body = unsure(name)
    why = "Cam C also matches +12.0 s away, 80% as strong: the sound repeats itself"
    found = angle(0.71, (127.0, 0.93), (12127.0, 0.74), (-36000.0, 0.4), reasons=[why])
    return changed(body, reasons=[], angles={**body.angles, "cam_c": found}, **change)


def reopened(name=SURE, **change):
    """A session that was approved, and that somebody sent back."""
    why = api.ReopenedBody(by="kim", at="2026-11-23T09:10:00.000000+00:00", reason="cam B lags in the toast")
    return session(name, **{"reopened": why, "revision": 4, **change})


def working(name="20261123-094500-p3x", **change):
    progress = api.ProgressBody(
        stage="conform",
        done=0.61,
        eta_s=190,
        subject="cam_a/A002C001.MOV",
        count=10980,
        total=18000,
        unit="frames",
        rate=48.2,
    )
    fields = {"state": "working", "call_to_action": None, "progress": progress}
    return session(name, **{**fields, **change})


def log_entry(seq, kind, **body):
    at = f"2026-11-23T09:{seq % 60:02}:00.000000+00:00"
    return api.LogEntryBody(seq=seq, at=at, session=SURE, kind=kind, body=body, hash="h")


def queue():
    """A morning's work, one session in nearly every state."""
    base = {"call_to_action": None}
    approved = {**base, "approved_by": "s.okafor", "approved_at": "2026-11-23T09:02:00.000000+00:00"}
    sending = api.ProgressBody(
        stage="publish",
        done=0.42,
        eta_s=93,
        count=4_100_000_000,
        total=9_800_000_000,
        unit="bytes",
        rate=62e6,
    )
    failure = api.ErrorBody(
        stage="probe",
        message="cam_b/B001C004.MOV ends in the middle of a picture",
        hint="copy it from the card again, then try again",
        retryable=True,
        clip="cam_b/B001C004.MOV",
    )
    empty = {
        key: api.CameraBody(label=label, clips=clips(key) if key != "cam_c" else [])
        for key, label in CAMERAS.items()
    }
    return [
        session(
            "20261123-070012-aaa",
            state="published",
            manifest_key="sessions/20261123-070012-aaa/r3/manifest.json",
            **approved,
        ),
        session("20261123-072233-bbb", state="publishing", progress=sending, **approved),
        session("20261123-073344-ccc", state="failed", error=failure, **base),
        session(),
        unsure(),
        working(),
        session(
            "20261123-095959-ddd",
            state="collecting",
            cameras=empty,
            offsets_ms={},
            angles={},
            sync_confidence=None,
            **base,
        ),
        session("20261122-170000-eee", state="rejected", **base),
    ]
