"""`run`: the daemon in the foreground."""

from __future__ import annotations

import click

from mcsyncd.cli.global_options import GlobalOptions
from mcsyncd.cli.kept_imports import keep_imports

# ruff: noqa: PLC0415  # a command loads what it needs when it runs


@click.command()
@click.pass_obj
def run_command(options: GlobalOptions) -> None:
    """Run the daemon in the foreground.

    SIGTERM stops it; SIGHUP reloads the settings.
    """
    with keep_imports():
        from mcsyncd.daemon.log_records import configure_logging
        from mcsyncd.daemon.service import run_daemon

    configure_logging()
    run_daemon(options.config_path)
