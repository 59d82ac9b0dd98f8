"""`manifest`: the one file that later tools open."""

from __future__ import annotations

import click

from mcsyncd.cli.daemon_calls import call_daemon, print_json
from mcsyncd.cli.global_options import GlobalOptions
from mcsyncd.cli.options import json_option


@click.command()
@click.argument("session")
@json_option
@click.pass_obj
def manifest_command(options: GlobalOptions, session: str, as_json: bool) -> None:  # noqa: ARG001  # it is JSON either way; scripts add --json everywhere
    """Print the published manifest of a session."""
    print_json(call_daemon(options, lambda client: client.fetch_manifest(session)))
