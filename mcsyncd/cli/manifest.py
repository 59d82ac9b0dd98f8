"""`manifest`: the published manifest, the file that later tools read."""

from __future__ import annotations

import click

from mcsyncd.cli.daemon_calls import call_daemon, print_json
from mcsyncd.cli.global_options import GlobalOptions
from mcsyncd.cli.options import json_option


@click.command()
@click.argument("session")
@json_option
@click.pass_obj
def manifest_command(options: GlobalOptions, session: str, as_json: bool) -> None:  # noqa: ARG001  # always JSON; --json is accepted for scripts
    """Print a session's published manifest."""
    print_json(call_daemon(options, lambda client: client.fetch_manifest(session)))
