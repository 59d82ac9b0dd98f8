"""Why is nothing happening? Each situation in which somebody asks, and what the first line answers."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from tui import scenes

from mcsyncd import api
from mcsyncd.cli.reports import format_status
from mcsyncd.present.standstill import explain_standstill, format_standstill
from mcsyncd.publish.local import LocalStore

NOW = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)
HOSTILE = "x\x1b[2J\u202e.MOV"


def folder(*files, key="cam_a", health="ok"):
    return api.FolderBody(path=f"/srv/ingest/{key}", label="Cam A", health=health, settling=list(files))


def file(name="A2.MOV", state="settling", note=""):
    return api.PendingFileBody(name=name, bytes=5, state=state, note=note)


def with_file(one, *held):
    folders = {**scenes.status().folders, "cam_a": folder(one)}
    return scenes.status(folders=folders, held=[f"cam_a/{name}" for name in held])


def collecting(*empty):
    cameras = {
        key: body.model_copy(update={"clips": []}) if key in empty else body
        for key, body in scenes.session().cameras.items()
    }
    return scenes.session(state="collecting", call_to_action=None, cameras=cameras, angles={})


def failed(**error):
    said = {"stage": "probe", "message": "A001.MOV cannot be read", "hint": "copy it again"} | error
    return scenes.session(state="failed", call_to_action=None, error=api.ErrorBody.model_validate(said))


def alert(code, level="warning", **more):
    return api.AlertBody(code=code, level=level, message=f"about {code}", hint=f"mend {code}", **more)


def worker(session=scenes.UNSURE):
    return api.WorkerBody(stage="conform", session=session, subject="cam_b/B001.MOV")


def find_first(status, *sessions):
    return explain_standstill(status, sessions, NOW)[0]


@pytest.mark.parametrize(
    ("status", "sessions", "urgency", "role", "text", "action"),
    [
        (scenes.status(), [], "idle", "camera operator", "no clip in any drop folder", "/srv/ingest/cam_a"),
        (
            scenes.status(loose_files=["A001.MOV"]),
            [],
            "waits",
            "camera operator",
            "beside them: A001.MOV",
            "move them",
        ),
        (
            scenes.status(),
            [collecting("cam_c")],
            "waits",
            "camera operator",
            f"Cam C has no clip yet ({scenes.SURE})",
            "/srv/ingest/cam_c; to start without: mcsyncd seal",
        ),
        (
            scenes.status(),
            [collecting("cam_a", "cam_c")],
            "waits",
            "camera operator",
            "Cam A, Cam C have",
            "seal",
        ),
        (scenes.status(), [collecting()], "passes", "", "starts once the drop folders have been quiet", ""),
        (with_file(file(), "A2.MOV"), [collecting()], "passes", "", "cam_a/A2.MOV settling", ""),
        (with_file(file(note="rsync writes to it")), [], "passes", "", "settling: rsync writes to it", ""),
        (
            with_file(file(state="incomplete", note="602 of 1204 bytes"), "A2.MOV"),
            [collecting()],
            "waits",
            "camera operator",
            "cam_a/A2.MOV is not ready: 602 of 1204 bytes",
            "mcsyncd seal --without cam_a/A2.MOV",
        ),
        (with_file(file(state="taken")), [], "idle", "", "what lies in the drop folders was taken", ""),
        (
            scenes.status(sessions={"in_review": 1}),
            [scenes.session()],
            "waits",
            "supervisor",
            f"{scenes.SURE} waits for a decision (1 ready)",
            f"mcsyncd review {scenes.SURE}",
        ),
        (
            scenes.status(sessions={"in_review": 9}),
            [scenes.session(), scenes.unsure()],
            "waits",
            "supervisor",
            "2 sessions wait for a decision (1 ready, 1 to review, and 7 older)",
            "mcsyncd tui",
        ),
        (scenes.status(), [failed()], "waits", "supervisor", "failed: A001.MOV cannot", "copy it again"),
        (scenes.status(), [failed(hint="")], "waits", "supervisor", "failed", f"show {scenes.SURE}"),
        (
            scenes.status(alerts=[alert("nobody_may_decide", "error")]),
            [scenes.session()],
            "error",
            "sysadmin",
            "about nobody_may_decide",
            "mend",
        ),
        (
            scenes.status(
                alerts=[
                    alert("store_unreachable", since="2026-11-23T14:02:00Z", retry_at="2026-11-23T20:05:00Z")
                ]
            ),
            [],
            "passes",
            "",
            "(since 14:02, next try 20:05)",
            "mend",
        ),
        (scenes.status(alerts=[alert("uploads_paused")]), [], "waits", "supervisor", "about", "mend"),
        (scenes.status(alerts=[alert("session_waits")]), [], "waits", "sysadmin", "about", "mend"),
        (
            scenes.status(folders={"cam_a": folder(health="offline: another disk")}),
            [collecting("cam_c")],
            "error",
            "sysadmin",
            "the folder of Cam A is not read: offline: another disk",
            "/srv/ingest/cam_a",
        ),
        (
            scenes.status(folders={"cam_a": folder(health="not scanned yet")}),
            [],
            "passes",
            "",
            "being read for the first time",
            "",
        ),
        (
            scenes.status(workers=[worker()]),
            [scenes.session(state="approved", call_to_action=None)],
            "passes",
            "",
            f"{scenes.SURE} waits for a free worker behind {scenes.UNSURE}",
            "",
        ),
        (
            scenes.status(workers=[worker(scenes.SURE)]),
            [scenes.session(state="working", call_to_action=None)],
            "works",
            "",
            f"{scenes.SURE} conform B001.MOV (Cam B)",
            "",
        ),
        (
            scenes.status(storage={**dict(scenes.status().storage), "uploads": "off_hours"}),
            [
                scenes.session(
                    state="publishing",
                    call_to_action=None,
                    error=api.ErrorBody(
                        stage="publish", message="uploads wait until 22:00", hint="see hours"
                    ),
                )
            ],
            "passes",
            "sysadmin",
            "uploads wait until 22:00",
            "see hours",
        ),
    ],
)
def test_the_first_line_says_what_is_waited_for_and_who_must_act(  # noqa: PLR0917  # one call for each row
    status, sessions, urgency, role, text, action
):
    first = find_first(status, *sessions)
    assert (first.urgency, first.role) == (urgency, role)
    assert text in first.text
    assert action in first.action
    assert bool(first.action) == bool(action)


def test_errors_come_before_decisions_and_decisions_before_what_passes():
    status = scenes.status(
        alerts=[alert("backup_failed"), alert("store_unreachable"), alert("ledger_damaged", "error")],
        workers=[worker()],
    )
    sessions = [scenes.session(), failed(), collecting()]
    found = [one.urgency for one in explain_standstill(status, sessions, NOW)]
    assert found == ["error", "waits", "waits", "passes", "passes", "works", "warning"]


def test_a_warning_does_not_hide_that_there_is_nothing_to_do():
    found = explain_standstill(scenes.status(alerts=[alert("backup_failed")]), [], NOW)
    assert [one.urgency for one in found] == ["warning", "idle"]


def test_nothing_from_outside_reaches_the_terminal_raw():
    incomplete = with_file(file(HOSTILE, "incomplete", HOSTILE), HOSTILE)
    status = incomplete.model_copy(
        update={
            "alerts": [api.AlertBody(code="store_refused", level="error", message=HOSTILE, hint=HOSTILE)],
            "loose_files": [HOSTILE],
            "workers": [worker().model_copy(update={"subject": f"cam_b/{HOSTILE}"})],
        }
    )
    sessions = [failed(message=HOSTILE, hint=HOSTILE), collecting("cam_c")]
    shown = "\n".join(format_standstill(explain_standstill(status, sessions, NOW), 99))
    shown += "\n".join(format_status(status, sessions))
    assert "\x1b" not in shown
    assert "\u202e" not in shown


def test_a_busy_status_is_one_screen():
    """Three full cards, workers and more to say than fits: 24 lines of 80 cells with the prompt."""
    files = [file(f"A{number:03}C{number:03}_261123_R1AB.MOV") for number in range(200)]
    folders = {key: folder(*files, key=key) for key in scenes.CAMERAS}
    status = scenes.status(
        folders=folders,
        alerts=[alert("session_waits"), alert("machine_rejected"), alert("backup_failed")],
        workers=[worker()] * 8,
    )
    sessions = [scenes.session(), failed(), collecting("cam_c")]
    lines = list(format_status(status, sessions))
    quiet = list(format_status(scenes.status(), [scenes.session()]))
    assert sum(max(1, -(-len(line) // 80)) for line in quiet) <= 12
    assert sum(max(1, -(-len(line) // 80)) for line in lines) <= 23
    assert sum("and 199 more" in line for line in lines) == 3
    assert sum("V  5 B" in line for line in format_status(status, sessions, in_full=True)) == 600
    assert lines[0].startswith("waits: ")


@pytest.mark.parametrize("state", ["settling", "incomplete"])
def test_a_camera_whose_only_clip_is_on_its_way_is_told_once(state):
    status = with_file(file(state=state), *(["A2.MOV"] if state == "incomplete" else []))
    said = " / ".join(one.text for one in explain_standstill(status, [collecting("cam_a", "cam_c")], NOW))
    assert "A2.MOV" in said
    assert "Cam C has no clip yet" in said
    assert "Cam A" not in said


def test_the_path_of_a_store_that_is_away_is_said_once(tmp_path):
    away = str(tmp_path / "bucket")
    health = LocalStore(tmp_path / "bucket").check()
    storage = api.StorageBody(kind="local", target=away, health=health, work_free_bytes=None)
    (line,) = (one for one in format_status(scenes.status(storage=storage), []) if one.startswith("storage:"))
    assert line.count(away) == 1
    assert "is its disk mounted?" in line
