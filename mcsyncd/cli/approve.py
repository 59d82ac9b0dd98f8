"""`approve`: the decision Looks Good."""

from __future__ import annotations

import click

from mcsyncd.cli.daemon_calls import send_decision
from mcsyncd.cli.global_options import GlobalOptions
from mcsyncd.cli.options import json_option

# ruff: noqa: PLC0415  # a command loads what it needs when it runs


@click.command()
@click.argument("session")
@click.option(
    "--revision", type=int, required=True, help="The revision that you looked at; `mcsyncd show` prints it."
)
@json_option
@click.pass_obj
def approve_command(options: GlobalOptions, session: str, revision: int, as_json: bool) -> None:
    """Approve a session: it looks good.

    The approval counts only if the session is still at --revision; otherwise nothing changes and the
    exit code is 4.
    """
    from mcsyncd.api import ApproveRequest

    send_decision(options, session, ApproveRequest(), revision, as_json=as_json)
