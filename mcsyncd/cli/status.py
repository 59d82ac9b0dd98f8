"""`status`: what the daemon is doing, once or as a stream."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mcsyncd.cli.daemon_calls import call_daemon, print_json
from mcsyncd.cli.global_options import GlobalOptions
from mcsyncd.cli.options import json_option

if TYPE_CHECKING:
    from mcsyncd.client import Client

# ruff: noqa: PLC0415  # a command loads what it needs when it runs


@click.command()
@click.option("--follow", is_flag=True, help="Then stream events until Ctrl-C (with --json as JSON lines).")
@json_option
@click.pass_obj
def status_command(options: GlobalOptions, follow: bool, as_json: bool) -> None:
    """Show what the daemon is doing; --follow streams it.

    Drop folders, sessions, workers, storage and free space.
    """
    from mcsyncd.cli.reports import format_status

    status = call_daemon(options, lambda client: client.fetch_status())
    if as_json and not follow:
        print_json(status)
        return
    if as_json:
        click.echo(status.model_dump_json())
    else:
        click.echo("\n".join(format_status(status)))
    if follow:
        _follow_events(options, as_json=as_json)


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
