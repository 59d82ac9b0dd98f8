"""`return-originals`: give the files of a rejected session back."""

from __future__ import annotations

from pathlib import Path

import click

from mcsyncd.cli.daemon_calls import send_decision
from mcsyncd.cli.global_options import GlobalOptions
from mcsyncd.cli.options import json_option

# ruff: noqa: PLC0415  # a command loads what it needs when it runs


@click.command()
@click.argument("session")
@click.option(
    "--to",
    type=click.Path(path_type=Path, file_okay=False),
    help="A folder of the daemon's machine; by default the drop folders, where they become a new session.",
)
@json_option
@click.pass_obj
def return_originals_command(options: GlobalOptions, session: str, to: Path | None, as_json: bool) -> None:
    """Give the originals of a rejected session back.

    Moves every file that was taken in, sidecars too, to CAMERA/NAME in the folder. Nothing is
    overwritten. The daemon's user must be able to write there.
    """
    from mcsyncd.api import ReturnRequest

    target = str(to.absolute()) if to is not None else None
    send_decision(options, session, ReturnRequest(to=target), None, as_json=as_json)
