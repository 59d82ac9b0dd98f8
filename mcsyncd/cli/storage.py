"""`storage`: uploads, and what is stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import click

from mcsyncd.cli.global_options import GlobalOptions
from mcsyncd.cli.options import json_option

if TYPE_CHECKING:
    from mcsyncd import api

# ruff: noqa: PLC0415  # a command loads what it needs when it runs


@click.group("storage")
def storage_command() -> None:
    """Pause and resume uploads, and look after what is stored."""


@storage_command.command("pause")
@json_option
@click.pass_obj
def pause_command(options: GlobalOptions, as_json: bool) -> None:
    """Stop all uploads until `storage resume`, also over a restart.

    What was sent of a large file stays in the store; the rest follows later.
    """
    _direct_uploads(options, "pause", as_json=as_json)


@storage_command.command("resume")
@json_option
@click.pass_obj
def resume_command(options: GlobalOptions, as_json: bool) -> None:
    """Go on with the uploads at once, after a pause or after the store failed."""
    _direct_uploads(options, "resume", as_json=as_json)


def _direct_uploads(options: GlobalOptions, action: Literal["pause", "resume"], *, as_json: bool) -> None:
    from mcsyncd.cli.daemon_calls import call_daemon, print_json

    body: api.StorageBody = call_daemon(options, lambda client: client.direct_uploads(action))
    if as_json:
        print_json(body)
    else:
        click.echo("uploads are paused" if body.uploads == "paused" else "uploads go on")
