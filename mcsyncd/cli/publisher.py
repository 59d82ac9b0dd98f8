"""`publisher`: the process that asks the stores for the daemon, in the foreground."""

from __future__ import annotations

import click

from mcsyncd.cli.global_options import GlobalOptions

# ruff: noqa: PLC0415  # a command loads what it needs when it runs


@click.command()
@click.pass_obj
def publisher_command(options: GlobalOptions) -> None:
    """Run the publisher: the part with the network and the access keys.

    For a daemon that has neither. Both read the same settings, in which uploads.publisher names the socket
    between them. SIGTERM stops it. Changed limits of uploads are taken over by themselves.
    """
    from mcsyncd.daemon.log_records import configure_logging
    from mcsyncd.daemon.publisher import run_publisher

    configure_logging()
    run_publisher(options.config_path)
