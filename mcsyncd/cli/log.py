"""`log`: the events of the ledger."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mcsyncd.cli.daemon_calls import call_daemon
from mcsyncd.cli.global_options import GlobalOptions
from mcsyncd.cli.options import json_lines_option
from mcsyncd.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mcsyncd.client import Client

# ruff: noqa: PLC0415  # a command loads what it needs when it runs


@click.command()
@click.argument("session", required=False)
@json_lines_option
@click.option(
    "--export",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write all events to FILE, for others to check; signed with the ledger's key.",
)
@click.pass_obj
def log_command(options: GlobalOptions, session: str | None, as_json: bool, export: Path | None) -> int:
    """Print the audit log.

    One line per event, oldest first: of one session, or of all. --export reads the ledger itself and does
    not ask the daemon. It checks the chain, and the exit code is 1 if that is broken.
    """
    if export is not None:
        if session is not None or as_json:
            raise UsageError("--export takes the whole log, as JSON", "leave SESSION and --json out")
        return _export_log(options, export)
    _print_log(options, session, as_json=as_json)
    return 0


def _export_log(options: GlobalOptions, target: Path) -> int:
    from mcsyncd.checks.ledger_export import export_log
    from mcsyncd.model.text import escape_text

    made = export_log(options.settings, target)
    for fault in made.faults:
        click.echo(escape_text(fault, 400), err=True)
    if made.faults:
        signed = "not signed, because the chain is broken"
    elif made.signature is None:
        signed = "not signed: `ledger.signing_key` is not set"
    else:
        signed = f"signed in {escape_text(made.signature.name)}"
    click.echo(f"{made.events} events, head {made.head}; {signed}")
    return 1 if made.faults else 0


def _print_log(options: GlobalOptions, session: str | None, *, as_json: bool) -> None:
    from mcsyncd.cli.reports import format_log_line
    from mcsyncd.present.session import list_camera_labels

    async def print_entries(client: Client) -> None:
        labels: dict[str, Mapping[str, str]] = {}
        if not as_json and session is not None:
            labels[session] = list_camera_labels(await client.fetch_session(session))
        elif not as_json:
            async for body in client.read_sessions():
                labels[body.id] = list_camera_labels(body)
        async for entry in client.read_log(session):
            line = format_log_line(entry, labels.get(entry.session))
            click.echo(entry.model_dump_json() if as_json else line)

    call_daemon(options, print_entries)
