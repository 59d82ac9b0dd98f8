"""The lines at the foot of the queue: alerts, drop folders, store, disk, workers. Only faults stand out."""

from __future__ import annotations

from datetime import datetime

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from mcsyncd.api import AlertBody, FolderBody, StatusBody
from mcsyncd.model.text import escape_text
from mcsyncd.present.numbers import format_alert_times, format_free_space, format_size, format_time
from mcsyncd.tui.content import build_content, pack_lines
from mcsyncd.tui.hints import format_hint
from mcsyncd.tui.shell import Shell

_MAX_UNKNOWN_FOLDERS = 4
"""Unknown folders and loose files that are named. Judgement: a line; `mcsyncd status` lists them all."""


class HealthLine(Widget):
    """The daemon's latest `status`; `folders` is False where the screen shows them itself."""

    status: reactive[StatusBody | None] = reactive(None, layout=True)
    folders: reactive[bool] = reactive(True, layout=True)

    def render(self) -> Content:
        """Return the alerts, then two or three lines: the drop folders, the machine, folders of no camera."""
        status, app = self.status, self.app
        if status is None:
            return Content()
        assert isinstance(app, Shell)
        now = app.get_now()
        width = self.size.width or app.size.width
        watched = [build_folder_line(body) for body in status.folders.values()] if self.folders else []
        lines = [
            pack_lines(items, width, gap=3) for items in (watched, _build_machine_items(status, now)) if items
        ]
        # A pause is what somebody wanted: it stands with the store, and not among what is wrong.
        alerts = [alert for alert in status.alerts if alert.code != "uploads_paused"]
        lines[:0] = [build_alert_line(alert, now) for alert in alerts]
        if status.unknown_folders:
            names = ", ".join(escape_text(name, 40) for name in status.unknown_folders[:_MAX_UNKNOWN_FOLDERS])
            lines.append(
                build_content((f"▲ no camera in the settings: {names} (files there are ignored)", "warning"))
            )
        if status.loose_files:
            names = ", ".join(escape_text(name, 40) for name in status.loose_files[:_MAX_UNKNOWN_FOLDERS])
            lines.append(
                build_content((f"▲ beside the camera folders: {names} (whose are they?)", "warning"))
            )
        return Content("\n").join(lines)


def build_alert_line(alert: AlertBody, now: datetime) -> Content:
    """Return an alert with its next action, in the colour of its level."""
    glyph = "✖" if alert.level == "error" else "▲"
    times = format_alert_times(alert.since, alert.retry_at, now)
    hint = f" → {format_hint(alert.hint, 200)}" if alert.hint else ""
    said = f"{glyph} {escape_text(alert.message, 200)}"
    return build_content((said, alert.level), (f" ({times})" if times else "", ""), (hint, "muted"))


def build_folder_line(body: FolderBody) -> Content:
    """Return a drop folder in a few words: watched, settling, or what is wrong with it."""
    label = escape_text(body.label, 40)
    if body.health != "ok":
        return build_content((f"✖ {label}", "error"), f" {escape_text(body.health, 120)}")
    for state in ("refused", "incomplete"):
        faulty = [file for file in body.settling if file.state == state]
        if faulty:
            note = f": {escape_text(faulty[0].note, 120)}" if faulty[0].note else ""
            name = escape_text(faulty[0].name, 30)
            return build_content((f"▲ {label}", "warning"), f" {state} {name}{note}")
    arriving = [file for file in body.settling if file.state not in {"ignored", "taken"}]
    taken = [file for file in body.settling if file.state == "taken"]
    if not arriving and taken:
        return build_content(
            ("▲", "warning"),
            f" {label}",
            (f" {escape_text(taken[0].name, 24)}: {escape_text(taken[0].note, 80)}", "muted"),
        )
    if not arriving:
        return build_content(("●", "success"), f" {label}", (" watching", "muted"))
    first = f"{escape_text(arriving[0].name, 24)}, {format_size(arriving[0].bytes)}"
    return build_content(
        ("◌", "warning"), f" {label}", (f" {len(arriving)} {arriving[0].state} ({first})", "muted")
    )


def _build_machine_items(status: StatusBody, now: datetime) -> list[Content]:
    store = status.storage
    text = f" {escape_text(store.kind, 12)} store"
    if store.health != "ok":
        text += f": {escape_text(store.health, 120)}"
    if store.uploads == "paused":
        text += (
            f", uploads paused by {escape_text(store.paused_by, 40)} since {format_time(store.since, now)}"
        )
    items = [
        build_content(("●", "success") if store.health == "ok" else ("✖", "error"), (text, "muted")),
        build_content((format_free_space(store.work_free_bytes), "muted")),
        build_content((f"{len(status.workers)} of {status.worker_slots} workers busy", "muted")),
    ]
    if status.ledger.check == "running":
        items.append(
            build_content((f"checking the ledger ({status.ledger.checked_events:,} events)", "muted"))
        )
    return items
