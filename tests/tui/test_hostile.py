"""Text from outside is shown as what it is: never markup, never a control character."""

import ast
import asyncio
import re
from pathlib import Path

import pytest
from tui import scenes
from tui.conftest import screen_text, until

from mcsyncd import api
from mcsyncd.tui.review.screen import ReviewScreen
from mcsyncd.tui.session.screen import SessionScreen

CONTROLS = "\x1b[2J\x1b]0;owned\x07 gpj.\u202eexe a\nb\rc\u2028d \u200b\ufeff\x9b31m\x7f"
NASTY = {
    "an end tag": "x[/].mp4",
    "an action": "[@click=app.quit]x",
    "a style and controls": f"[bold red]x[/bold red]{CONTROLS}",
}
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2028\u2029\ufeff]")


def poisoned(name):
    """A session in which everything that a file, a person or a camera may have named is `name`."""
    clip = api.ClipBody(name=name, bytes=1, warnings=[name])
    return scenes.unsure(
        reasons=[scenes.reason(name, name)],
        cameras={key: api.CameraBody(label=name, clips=[clip]) for key in scenes.CAMERAS},
        claimed_by=name,
        rate=name,
    )


def poisoned_status(name):
    file = api.PendingFileBody(name=name, bytes=1, state="refused", note=name)
    folders = {key: api.FolderBody(path=name, label=name, health=name) for key in scenes.CAMERAS}
    folders["cam_a"] = api.FolderBody(path=name, label=name, health="ok", settling=[file])
    storage = api.StorageBody(kind="local", target=name, health=name, work_free_bytes=1)
    return {"folders": folders, "storage": storage, "host": name, "unknown_folders": [name]}


@pytest.mark.parametrize("name", NASTY.values(), ids=NASTY)
def test_every_screen_shows_a_hostile_name_as_text(opened, name):
    async def look():
        shown = []
        async with opened([poisoned(name)], size=(160, 50), **poisoned_status(name)) as (app, pilot, daemon):
            shown.append(screen_text(app))
            entry = {
                "seq": 1,
                "at": name,
                "session": "s",
                "kind": name,
                "body": {"by": {"name": name}},
                "hash": "",
            }
            daemon.log = [api.LogEntryBody(**entry)]
            await pilot.press("enter", "w")
            await until(pilot, lambda: "reference" in screen_text(app))
            shown.append(screen_text(app))
            await pilot.press("v")
            await until(pilot, lambda: isinstance(app.screen, ReviewScreen) and "─" in screen_text(app))
            shown.append(screen_text(app))
            app.show_notice(name, hint=name, severity="error")
            await pilot.pause(0.1)
            shown.append(screen_text(app))
            assert app.is_running
        return shown

    for text in asyncio.run(look()):
        assert not CONTROL.search(text.replace("\n", ""))
        assert name.removesuffix(CONTROLS) in text


def test_every_state_shows_a_hostile_name_as_text(opened):
    name = f"[@click=app.quit]{CONTROLS}[/]"
    states = ["failed", "rejected", "published", "collecting", "working", "quarantined", "stale"]
    bodies = [_stricken(name, state) for state in states]
    worker = api.WorkerBody(stage="conform", session=bodies[0].id, subject=name, progress=bodies[0].progress)

    async def look():
        shown = []
        async with opened(bodies, size=(160, 50), workers=[worker]) as (app, pilot, _):
            shown.append(screen_text(app))
            for body in bodies:
                app.push_screen(SessionScreen(body.id))
                await pilot.pause(0.1)
                shown.append(screen_text(app))
                app.pop_screen()
        return shown

    for text in asyncio.run(look()):
        assert not CONTROL.search(text.replace("\n", ""))
        assert "[@click=app.quit]" in text


def _stricken(name, state):
    step = api.ProgressBody(stage="conform", done=0.5, unit=name, rate=1.0, subject=name)
    error = api.ErrorBody(stage="conform", message=name, hint=name, retryable=True)
    return scenes.changed(
        poisoned(name),
        id=f"20261123-090000-{state}",
        state=state,
        call_to_action=None,
        progress=step,
        error=error,
        approved_by=name,
        approved_at=name,
        manifest_key=name,
    )


def test_no_widget_parses_markup():
    """What a Static or a Button is given is Content; a plain string stands beside `markup=False`."""
    for path in (Path(__file__).parents[2] / "mcsyncd" / "tui").rglob("*.py"):
        text = path.read_text()
        assert not re.search(r"from_markup|markup=True|\bLabel\(|rich\.text", text), path
        for call in (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)):
            assert not _parses(call), f"{path}:{call.lineno}"


_CONTENT = r"build_content|build_hint_line|row\b|Content|line\b|self\._summary"


def _parses(call):
    """Tell whether a call hands a widget text that Textual would read as markup."""
    said = ast.unparse(call)
    if re.match(r"(Static|Button|Option)\(", said):
        plain = [given for given in call.args if not re.match(_CONTENT, ast.unparse(given))]
        return bool(plain) and "markup=False" not in said
    return bool(re.search(r"\.notify\(", said)) and "markup=False" not in said
