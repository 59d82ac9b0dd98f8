"""`retry`: run the failed step of a session again."""

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
def retry_command(options: GlobalOptions, session: str, as_json: bool) -> None:
    """Retry the failed step of a session.

    What has been done already is kept.
    """
    from mcsyncd.api import RetryRequest

    send_decision(options, session, RetryRequest(), None, as_json=as_json)
