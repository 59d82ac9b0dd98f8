"""`metrics`: the daemon's status for Prometheus."""

from __future__ import annotations

import click

from mcsyncd.cli.daemon_calls import call_daemon
from mcsyncd.cli.global_options import GlobalOptions

# ruff: noqa: PLC0415  # a command loads what it needs when it runs


@click.command()
@click.pass_obj
def metrics_command(options: GlobalOptions) -> None:
    """Print the daemon's metrics in Prometheus' text format.

    For node_exporter's textfile collector: see docs/metrics.md. Without a daemon it prints mcsyncd_up 0, and
    exits with 3.
    """
    from mcsyncd.errors import Unreachable
    from mcsyncd.present.metrics import DOWN, format_metrics

    try:
        status = call_daemon(options, lambda client: client.fetch_status())
    except Unreachable:
        click.echo(DOWN, nl=False)
        raise
    click.echo(format_metrics(status), nl=False)
