"""`review`: the review screen as plain lines.

A screen reader cannot read a full-screen app, and a serial line cannot show one. This command prints,
prompts and sends, with the same words and the same API.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mcsyncd.cli.daemon_calls import look_at_session, print_json
from mcsyncd.cli.global_options import GlobalOptions
from mcsyncd.cli.options import json_option
from mcsyncd.cli.review_answers import format_prompt_help, parse_decision
from mcsyncd.cli.terminals import are_terminals
from mcsyncd.errors import UsageError
from mcsyncd.model.session import State
from mcsyncd.model.text import escape_text

if TYPE_CHECKING:
    from mcsyncd.api import OriginalsBody, SessionBody
    from mcsyncd.client import Client

# ruff: noqa: PLC0415  # a command loads what it needs when it runs

_EXPORT_MS = 20_000.0
"""Milliseconds of a written excerpt. Judgement: enough to hear what is off; the daemon gives 30 s at most."""


@click.command()
@click.argument("session")
@json_option
@click.option(
    "--export-audio",
    "folder",
    metavar="FOLDER",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write a WAV for each angle, the reference left and the angle right, and decide nothing.",
)
@click.pass_obj
def review_command(options: GlobalOptions, session: str, as_json: bool, folder: Path | None) -> None:
    """Review a session line by line, without a full-screen terminal.

    Shows the confidence with its reasons and the possible offsets, then asks for a decision.
    """
    if folder is not None:
        asyncio.run(_export_audio(options, session, folder))
        return
    asyncio.run(_review_session(options, session, as_json=as_json))


async def _export_audio(options: GlobalOptions, session: str, folder: Path) -> None:
    from mcsyncd.client import Client

    async with Client(options.socket) as client:
        await _write_audio(client, await client.fetch_session(session), folder)


async def _write_audio(client: Client, body: SessionBody, folder: Path) -> None:
    """Write what there is to hear of each angle beside the reference, and say where."""
    from mcsyncd.integrity.derived_file import write_derived_file

    found = list_shared_spans(body)
    if not found:
        hint = f"mcsyncd show {body.id} says why it has no offset"
        raise UsageError(f"{body.id} has no angle to be heard beside the reference", hint)
    for camera, (start_ms, duration_ms) in found.items():
        wav = await client.fetch_audio(body.id, camera, start_ms=start_ms, duration_ms=duration_ms)
        path = folder / f"{body.id}-{camera}.wav"
        write_derived_file(path, wav)
        click.echo(f"{path}: from {start_ms / 1000:.3f} s on the session clock")


async def _show_more(client: Client, body: SessionBody, answer: str) -> bool:
    """Show the history or write the sound, if that is what was asked for; return whether it was."""
    from mcsyncd.cli.reports import format_log_line
    from mcsyncd.present.session import list_camera_labels

    verb, _, folder = answer.strip().partition(" ")
    if verb in {"?", "help"}:
        click.echo(format_prompt_help(body))
        return True
    if verb in {"h", "history"} and not folder:
        labels = list_camera_labels(body)
        async for entry in client.read_log(body.id):
            click.echo(format_log_line(entry, labels))
        return True
    if verb in {"w", "write"} and folder.strip():
        await _write_audio(client, body, Path(folder.strip()))
        return True
    return False


def list_shared_spans(body: SessionBody) -> dict[str, tuple[float, float]]:
    """Return start and duration in milliseconds of what to hear of each angle: amid what it shares."""
    spans = {key: _find_span(body, key) for key in body.offsets_ms}
    reference = spans.get(body.reference or "")
    found: dict[str, tuple[float, float]] = {}
    for camera, span in spans.items():
        if camera == body.reference or span is None or reference is None:
            continue
        begin, end = max(span[0], reference[0]), min(span[1], reference[1])
        if end > begin:
            length = min(_EXPORT_MS, end - begin)
            found[camera] = ((begin + end - length) / 2, length)
    return found


def _find_span(body: SessionBody, camera: str) -> tuple[float, float] | None:
    """Return begin and end of a camera's longest placed clip on the session clock, in milliseconds."""
    placed = [
        (clip.offset_ms, clip.offset_ms + clip.duration_s * 1000)
        for clip in body.cameras[camera].clips
        if clip.offset_ms is not None and clip.duration_s is not None
    ]
    return max(placed, key=lambda span: span[1] - span[0], default=None)


async def _review_session(options: GlobalOptions, session: str, *, as_json: bool) -> None:
    from mcsyncd.client import Client

    async with Client(options.socket) as client:
        body: SessionBody | None = await client.fetch_session(session)
        if as_json and body is not None:
            print_json(body)
            return
        can_ask = are_terminals(sys.stdin, sys.stdout)
        asks_about = set(State)
        while body is not None:
            body, originals = await look_at_session(client, body)
            click.echo("\n".join(format_review(body, originals)))
            is_open = can_ask and body.state in asks_about and format_prompt_help(body)
            body = await _ask_decision(client, body) if is_open else None
            asks_about = {State.IN_REVIEW}  # what was decided just now is not asked about again


async def _ask_decision(client: Client, body: SessionBody) -> SessionBody | None:
    """Prompt until a decision on the shown revision is sent; return None when the person quits."""
    click.echo(format_prompt_help(body))
    while True:
        # In a thread: a person may take an hour, and the event loop must keep the connection alive.
        answer = await asyncio.to_thread(click.prompt, "review", default="q", show_default=False)
        try:
            if await _show_more(client, body, answer):
                continue
            decision = parse_decision(answer, body)
            return None if decision is None else await client.send_decision(body.id, decision, body.revision)
        except UsageError as error:
            click.echo(f"{escape_text(error.message)}\n  → {escape_text(error.hint)}", err=True)


def format_review(body: SessionBody, originals: OriginalsBody | None = None) -> Iterator[str]:
    """The session in plain lines, and for every angle what else would explain its sound.

    `originals` is what a look at them found, None if nobody looked.
    """
    from mcsyncd.cli.reports import format_candidates, format_session

    yield from format_session(body, originals)
    yield from format_candidates(body)
