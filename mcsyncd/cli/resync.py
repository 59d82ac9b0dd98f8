"""`resync`: sync a session again, with the current settings and profiles."""

from __future__ import annotations

import click

from mcsyncd.cli.daemon_calls import send_decision
from mcsyncd.cli.global_options import GlobalOptions
from mcsyncd.cli.options import json_option

# ruff: noqa: PLC0415  # a command loads what it needs when it runs


@click.command()
@click.argument("session")
@json_option
@click.pass_obj
def resync_command(options: GlobalOptions, session: str, as_json: bool) -> None:
    """Sync a session again.

    Takes the current settings and profiles. The old offsets and their approval are void.
    """
    from mcsyncd.api import ResyncRequest

    send_decision(options, session, ResyncRequest(), None, as_json=as_json)
