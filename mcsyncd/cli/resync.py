"""`resync`: sync a session again, with the current settings and profiles."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from mcsyncd.cli.daemon_calls import call_daemon, send_decision
from mcsyncd.cli.global_options import GlobalOptions
from mcsyncd.cli.options import json_option
from mcsyncd.cli.terminals import are_terminals
from mcsyncd.errors import UsageError

if TYPE_CHECKING:
    from mcsyncd.api import SessionBody

# ruff: noqa: PLC0415  # a command loads what it needs when it runs


@click.command()
@click.argument("session")
@click.option("--yes", is_flag=True, help="Do not ask before a decision or a changed original is given up.")
@json_option
@click.pass_obj
def resync_command(options: GlobalOptions, session: str, *, yes: bool, as_json: bool) -> None:
    """Sync a session again.

    Takes the current settings and profiles. The old offsets and their approval are void, so it asks first.
    """
    from mcsyncd.api import ResyncRequest

    body = call_daemon(options, lambda client: client.fetch_session(session))
    if not yes:
        _ask_for_consent(body)
    send_decision(options, session, ResyncRequest(), body.revision, as_json=as_json)


def _ask_for_consent(body: SessionBody) -> None:
    """Return once a person agrees to what is lost. Raises UsageError where nobody can be asked."""
    from mcsyncd.present.standing import list_resync_costs

    costs = list_resync_costs(body)
    if not costs:
        return
    if not are_terminals(sys.stdin, sys.stderr):
        hint = f"if that is wanted: mcsyncd resync {body.id} --yes"
        raise UsageError(f"{body.id}: {' '.join(costs)}", hint)
    click.echo("\n".join(costs), err=True)
    click.confirm(f"Sync {body.id} again?", abort=True, err=True)
