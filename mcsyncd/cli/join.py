"""`join`: let a late reel join a session."""

from __future__ import annotations

import click

from mcsyncd.cli.daemon_calls import send_decision
from mcsyncd.cli.global_options import GlobalOptions
from mcsyncd.cli.options import json_option, revision_option

# ruff: noqa: PLC0415  # a command loads what it needs when it runs


@click.command()
@click.argument("session")
@revision_option
@json_option
@click.pass_obj
def join_command(options: GlobalOptions, session: str, revision: int | None, as_json: bool) -> None:
    """Let a late reel join a session.

    Everything that has settled in the drop folders becomes part of SESSION, which was sealed without it. The
    offsets are found again, and an approval is void; a published session gets a new revision.
    """
    from mcsyncd.api import JoinRequest

    send_decision(options, session, JoinRequest(), revision, as_json=as_json)
