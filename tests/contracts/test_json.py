"""Every `--json` against the shape that scripts were promised."""

from __future__ import annotations

import json

import jsonschema
import pytest

NUMBER, TEXT, MAYBE_TEXT = {"type": "number"}, {"type": "string"}, {"type": ["string", "null"]}
OFFSETS = {"type": "object", "additionalProperties": {"type": ["number", "null"]}, "minProperties": 1}
DRIFTS = {"type": "object", "additionalProperties": NUMBER}
TEXTS = {"type": "array", "items": TEXT}
CONFIDENCE = {"type": "number", "minimum": 0, "maximum": 1}
METHOD = {"enum": ["audio-corr", "fallback", "manual"]}


def promised(properties: dict, **more) -> dict:
    """All of these must be there; fields may be added."""
    return {"type": "object", "properties": properties, "required": list(properties), **more}


REASONS = {"type": "array", "items": promised({"code": TEXT, "subject": TEXT, "text": TEXT})}
ERROR = promised({"stage": TEXT, "message": TEXT, "hint": TEXT, "retryable": {"type": "boolean"}})
CLIP = promised({"name": TEXT, "bytes": {"type": "integer"}, "sha256": MAYBE_TEXT})
STATES = [
    *("collecting", "working", "in_review", "approved", "publishing", "published"),
    *("failed", "rejected", "stale", "quarantined"),
]
PROGRESS = promised({"stage": TEXT, "done": CONFIDENCE, "eta_s": {"type": ["number", "null"]}})
SESSION = promised(
    {
        "id": {"type": "string", "pattern": r"^\d{8}-\d{6}-[a-z0-9]{3}$"},
        "state": {"enum": STATES},
        "revision": {"type": "integer"},
        "call_to_action": {"enum": ["looks_good", "review_sync", None]},
        "sync_confidence": {"type": ["number", "null"]},
        "sync_method": {"enum": [*METHOD["enum"], None]},
        "offsets_ms": {"type": "object"},
        "drift_ppm": DRIFTS,
        "reasons": REASONS,
        "rate": MAYBE_TEXT,
        "cameras": {
            "type": "object",
            "additionalProperties": promised({"label": TEXT, "clips": {"type": "array", "items": CLIP}}),
        },
        "approved_by": MAYBE_TEXT,
        "approved_at": MAYBE_TEXT,
        "error": {"anyOf": [{"type": "null"}, ERROR]},
        "progress": {"anyOf": [{"type": "null"}, PROGRESS]},
    }
)
STATUS = promised(
    {
        "version": TEXT,
        "folders": {
            "type": "object",
            "additionalProperties": promised({"path": TEXT, "health": TEXT, "settling": {"type": "array"}}),
            "minProperties": 3,
        },
        "sessions": {"type": "object", "additionalProperties": {"type": "integer"}},
        "storage": {"type": "object"},
        "workers": {"type": "array"},
        "standstill": {
            "type": "array",
            "items": promised({"urgency": TEXT, "text": TEXT, "role": TEXT, "action": TEXT}),
            "minItems": 1,
        },
    }
)
CANDIDATE = promised({"offset_ms": NUMBER, "score": NUMBER})
ANGLE = promised(
    {
        "confidence": CONFIDENCE,
        "reasons": REASONS,
        "candidates": {"type": "array", "items": CANDIDATE},
        "overlap_s": NUMBER,
        "residual_ms": {"type": ["number", "null"]},
    }
)
ALIGN = promised(
    {
        "reference": TEXT,
        "offsets_ms": OFFSETS,
        "drift_ppm": DRIFTS,
        "confidence": CONFIDENCE,
        "method": METHOD,
        "angles": {"type": "object", "additionalProperties": ANGLE},
        "reasons": REASONS,
    }
)


@pytest.fixture(scope="module")
def reviewed(tmp_path_factory, shoot):
    from line import Line  # noqa: PLC0415  # beside its fixture

    line = Line(tmp_path_factory.mktemp("json"), forked=True).start()
    line.drop_in(shoot.files)
    line.wait_for("in_review")
    yield line
    line.stop()


def test_sessions_and_show(reviewed):
    sessions = reviewed.json("sessions")
    jsonschema.validate(sessions, {"type": "array", "items": SESSION, "minItems": 1})
    shown = reviewed.json("show", sessions[0]["id"])
    jsonschema.validate(shown, SESSION)
    jsonschema.validate(shown["offsets_ms"], OFFSETS)
    assert shown["rate"] == "30000/1001"


def test_status_and_its_stream(reviewed):
    jsonschema.validate(reviewed.json("status"), STATUS)


def test_log_is_json_lines(reviewed):
    lines = [json.loads(line) for line in reviewed.ask("log", "--json").stdout.splitlines()]
    jsonschema.validate(
        lines, {"type": "array", "items": promised({"seq": {"type": "integer"}, "kind": TEXT, "hash": TEXT})}
    )
    assert [line["seq"] for line in lines] == list(range(1, len(lines) + 1))


def test_align(line, shoot):
    names = [f"{camera}={file}" for camera, file in shoot.files.items()]
    answer = line.json("align", *names)
    jsonschema.validate(answer, ALIGN)
    assert answer["reference"] == "cam_a"
    assert answer["offsets_ms"]["cam_a"] == 0.0
    assert set(answer["offsets_ms"]) == set(shoot.files)
    for camera, truth in shoot.offsets_us.items():
        assert abs(answer["offsets_ms"][camera] - truth / 1000) < 1.0


def test_commands_without_a_daemon(line, shoot, tmp_path):
    file = str(shoot.files["cam_b"])
    assert isinstance(line.json("probe", file), dict)
    made = line.json("conform", file, "--profile", "proxy-540p", "--out", str(tmp_path / "out"))
    assert isinstance(made, dict)
    assert line.json("config", "validate") == {"valid": True, "problems": []}
    assert line.json("config", "show")["cameras"]["cam_a"]["label"] == "Cam A"
    assert {"mezz-h264", "proxy-540p"} <= {one["name"] for one in line.json("profile", "list")}
    checks = json.loads(line.ask("doctor", "--json", check=False).stdout)
    jsonschema.validate(
        checks, promised({"ok": {"type": "boolean"}, "checks": {"type": "array", "minItems": 8}})
    )


def test_verify_and_manifest(reviewed):
    found = reviewed.json("verify", "log")
    jsonschema.validate(found, promised({"checked": {"type": "integer"}, "faults": TEXTS}))
    session = reviewed.session()["id"]
    early = reviewed.ask("manifest", session, "--json", check=False)
    assert early.returncode == 2
    assert early.stdout == ""


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["no-such-command"], 2),
        (["show"], 2),
        (["align", "cam_a=/nonexistent.mp4", "cam_b=/nonexistent.mp4"], 2),
        (["align", "cam_a=/etc/hostname", "cam_b=/etc/hostname"], 6),
        (["probe", "/etc/hostname"], 6),
        (["conform", "/etc/hostname", "--profile", "proxy-540p", "--out", "out"], 6),
        (["conform", "/etc/hostname", "--profile", "no-such", "--out", "out"], 2),
        (["sessions"], 3),
    ],
)
def test_exit_codes_and_a_silent_standard_output(line, arguments, code):
    told = line.ask(*arguments, check=False)
    assert told.returncode == code, told.stderr
    assert told.stdout == ""
    assert told.stderr.strip()
    assert "Traceback" not in told.stderr
