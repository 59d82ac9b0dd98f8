"""`run`: the daemon in the foreground."""

from __future__ import annotations

import logging
import sys

import click

from mcsyncd.cli.global_options import GlobalOptions

# ruff: noqa: PLC0415  # a command loads what it needs when it runs


@click.command()
@click.pass_obj
def run_command(options: GlobalOptions) -> None:
    """Run the daemon in the foreground.

    SIGTERM stops it; SIGHUP reloads the settings.
    """
    from mcsyncd.daemon.service import run_daemon

    _configure_logging()
    run_daemon(options.config_path)


def _configure_logging() -> None:
    """Log JSON lines for the journal, or colours and columns where standard error is a terminal."""
    import structlog

    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    tail: list[structlog.typing.Processor] = (
        [structlog.dev.ConsoleRenderer()]
        if sys.stderr.isatty()
        else [structlog.processors.dict_tracebacks, structlog.processors.JSONRenderer()]
    )
    structlog.configure(
        processors=[*shared, *tail],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
