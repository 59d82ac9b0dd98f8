"""`status`: what the daemon is doing, once or as a stream."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING

import click

from mcsyncd.cli.daemon_calls import call_daemon, print_json
from mcsyncd.cli.global_options import GlobalOptions
from mcsyncd.cli.options import json_option
from mcsyncd.model.text import escape_text

if TYPE_CHECKING:
    from mcsyncd.api import SessionBody, StatusBody
    from mcsyncd.client import Client

# ruff: noqa: PLC0415  # a command loads what it needs when it runs


@click.command()
@click.option("--follow", is_flag=True, help="Then stream events until Ctrl-C (with --json as JSON lines).")
@click.option("--all", "in_full", is_flag=True, help="Name every file, worker and session that waits.")
@click.option("--check", is_flag=True, help="Print errors only; exit 1 if there is one, 3 if nobody answers.")
@json_option
@click.pass_obj
def status_command(options: GlobalOptions, follow: bool, in_full: bool, check: bool, as_json: bool) -> int:
    """Show what the daemon waits for and what it is doing; --follow streams it.

    First why nothing happens, and who must do what; then drop folders, sessions, workers, storage and
    free space.
    """
    if check:
        return _check_health(options)
    status, sessions = call_daemon(options, _read_status)
    if as_json and not follow:
        print_json(_build_document(status, sessions))
        return 0
    if as_json:
        click.echo(status.model_dump_json())
    else:
        from mcsyncd.cli.reports import format_status

        click.echo("\n".join(format_status(status, sessions, in_full=in_full)))
    if follow:
        _follow_events(options, as_json=as_json)
    return 0


async def _read_status(client: Client) -> tuple[StatusBody, list[SessionBody]]:
    status = await client.fetch_status()
    return status, (await client.list_sessions(finished=False)).sessions


def _build_document(status: StatusBody, sessions: list[SessionBody]) -> dict[str, object]:
    from mcsyncd.present.standstill import explain_standstill

    found = explain_standstill(status, sessions, datetime.now().astimezone())
    return {**status.model_dump(mode="json"), "standstill": [asdict(one) for one in found]}


def _check_health(options: GlobalOptions) -> int:
    """Print the alerts that are errors; return 1 if there is one. Whoever may open the socket may ask."""
    from mcsyncd.errors import ExitCode

    status = call_daemon(options, lambda client: client.fetch_status())
    errors = [alert for alert in status.alerts if alert.level == "error"]
    for alert in errors:
        click.echo(f"ERROR: {escape_text(alert.message, 400)}")
    return ExitCode.FAILED if errors else ExitCode.DONE


def _follow_events(options: GlobalOptions, *, as_json: bool) -> None:
    from mcsyncd.cli.reports import format_stream_event

    async def print_events(client: Client) -> None:
        async for news in client.stream_events():
            if as_json:
                click.echo(news.model_dump_json())
            elif line := format_stream_event(news):
                click.echo(line)

    try:
        call_daemon(options, print_events)
    except KeyboardInterrupt:
        return
