"""`report`: the day sheet, one HTML page for the binder."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mcsyncd.cli.daemon_calls import call_daemon
from mcsyncd.cli.global_options import GlobalOptions
from mcsyncd.errors import McsyncError, UsageError
from mcsyncd.model.text import escape_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mcsyncd.api import SessionBody
    from mcsyncd.client import Client
    from mcsyncd.present.day_sheet import SheetSession, Thumbnail

# ruff: noqa: PLC0415  # a command loads what it needs when it runs

_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
"""Names of the program that prints a page: Debian's, Fedora's, Google's."""
_PRINT_LIMIT_S = 120.0
"""Seconds that printing may take. Judgement: a sheet of a hundred clips takes a few."""


@click.command()
@click.argument("session", required=False)
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), help="All sessions that were opened on this day.")
@click.option(
    "--to",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    help="Folder to write to; by default this one.",
)
@click.option("--pdf", is_flag=True, help="Also print it as PDF, by Chromium.")
@click.pass_obj
def report_command(
    options: GlobalOptions, session: str | None, day: datetime | None, to: Path, pdf: bool
) -> None:
    """Write a day sheet: one HTML page about a session, or about a day.

    It shows the cameras with their offsets and confidence, who approved, the clips with hashes and (from a
    local store) pictures, what is not on the timeline, and what is stored.
    """
    from mcsyncd.integrity.derived_file import write_derived_file
    from mcsyncd.present.day_sheet import build_day_sheet

    if (session is None) == (day is None):
        raise UsageError("name a session or a day", "such as `mcsyncd report --day 2026-11-27`")
    browser = _find_browser() if pdf else None

    async def fetch(client: Client) -> list[SheetSession]:
        if session is not None:
            return [await _fetch_session(client, await client.fetch_session(session), options)]
        assert day is not None
        found = [body async for body in client.read_sessions() if _is_of_day(body, day.date())]
        return [await _fetch_session(client, body, options) for body in reversed(found)]

    name = session if session is not None else f"{day:%Y-%m-%d}"
    path = to / f"{name}.html"
    for taken in (path, path.with_suffix(".pdf")):
        if taken.exists():
            raise UsageError(f"{taken}: there is such a file", "name another folder with --to")
    page = build_day_sheet(name, call_daemon(options, fetch))
    write_derived_file(path, page.encode("utf-8", "backslashreplace"))
    click.echo(escape_text(str(path), 400))
    if browser is not None:
        click.echo(escape_text(str(_print_pdf(browser, path)), 400))


async def _fetch_session(client: Client, body: SessionBody, options: GlobalOptions) -> SheetSession:
    from mcsyncd.present.day_sheet import SheetSession

    entries = [entry async for entry in client.read_log(body.id)]
    manifest = await client.fetch_manifest(body.id) if body.manifest_key is not None else {}
    return SheetSession(
        body, entries[-1].hash if entries else "", len(entries), dict(_list_thumbnails(manifest, options))
    )


def _is_of_day(body: SessionBody, day: date) -> bool:
    return datetime.fromisoformat(body.opened_at).astimezone().date() == day


def _list_thumbnails(manifest: dict[str, Any], options: GlobalOptions) -> Iterator[tuple[str, Thumbnail]]:
    """Yield the picture from the middle of each clip, where a local store has it."""
    from mcsyncd.present.day_sheet import Thumbnail
    from mcsyncd.settings.stores import LocalStorage

    folders = [store.path for store in options.settings.stores if isinstance(store, LocalStorage)]
    for camera in manifest.get("cameras", []):
        for clip in camera["clips"]:
            sprites = clip.get("sprites")
            if not sprites or not folders:
                continue
            number, per_sheet = sprites["count"] // 2, sprites["columns"] * sprites["rows"]
            place = folders[0] / sprites["sheets"][number // per_sheet]["key"]
            try:
                jpeg = place.read_bytes()
            except OSError:
                continue  # the store is elsewhere, or somebody else's: the sheet goes without it
            row, column = divmod(number % per_sheet, sprites["columns"])
            width, height = sprites["width"], sprites["height"]
            encoded = base64.b64encode(jpeg).decode()
            yield clip["id"], Thumbnail(encoded, column * width, row * height, width, height)


def _find_browser() -> str:
    for name in _BROWSERS:
        if found := shutil.which(name):
            return found
    raise UsageError("Chromium is not installed", "install it, or print the page from any browser")


def _print_pdf(browser: str, page: Path) -> Path:
    target = page.with_suffix(".pdf")
    command = [browser, "--headless", "--no-pdf-header-footer", f"--print-to-pdf={target.absolute()}"]
    if os.geteuid() == 0:
        command.append("--no-sandbox")  # Chromium refuses to run as root with it
    try:
        done = subprocess.run(  # noqa: S603  # found on the path, and our own page
            [*command, page.absolute().as_uri()], capture_output=True, timeout=_PRINT_LIMIT_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise McsyncError(f"{browser} does not answer", "print the page from any browser") from None
    if done.returncode != 0 or not target.is_file():
        raise McsyncError(f"{browser} cannot print {page.name}", "print the page from any browser")
    return target
