"""The root command: finds the others lazily, and turns every error into words and an exit code."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from mcsyncd import __version__
from mcsyncd.cli.global_options import GlobalOptions
from mcsyncd.errors import ConfigError, ExitCode, McsyncError
from mcsyncd.model.text import escape_text

COMMANDS = {
    "run": "The daemon, in the foreground.",
    "demo": "Make a shoot, drop it, sync it, review it: the whole line on embedded defaults.",
    "align": "Sync files without a daemon.",
    "conform": "Put one clip through one profile.",
    "probe": "Say what a file is and what conform would do with it.",
    "status": "What is going on; --follow streams it.",
    "sessions": "All sessions, newest first.",
    "show": "One session.",
    "log": "The ledger's events.",
    "seal": "Start with the clips that are there.",
    "retry": "Try again where a session failed.",
    "resync": "Find the offsets of a session again.",
    "review": "Review a session line by line, for terminals without a screen.",
    "approve": "Say that a revision looks good.",
    "reject": "Throw a revision out.",
    "reopen": "Look again at what was decided.",
    "nudge": "Move one camera by hand.",
    "tui": "The terminal app.",
    "manifest": "What later tools open.",
    "verify": "Check the audit chain, local files, or the store.",
    "profile": "The profiles, and in words what one does.",
    "config": "Check and show the settings.",
    "doctor": "Check everything around the daemon.",
}


class LazyCommandGroup(click.Group):
    """Loads a command's module when it is called, so that `--help` costs nothing heavy."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"mcsyncd.cli.{cmd_name}"), f"{cmd_name}_command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(cls=LazyCommandGroup)
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    help="The settings file (else $MCSYNCD_CONFIG, /etc/mcsync/config.yaml or config/local.yaml).",
)
@click.option(
    "--socket", type=click.Path(path_type=Path), help="The daemon's socket (else the settings' own)."
)
@click.version_option(__version__, prog_name="mcsyncd")
@click.pass_context
def root_command(ctx: click.Context, config: Path | None, socket: Path | None) -> None:
    """Are these assets correct, synced and ready?

    Drop a card into each camera's folder; the rest comes by itself, until a person says "Looks
    Good".
    """
    ctx.obj = GlobalOptions(config, socket)


def main(argv: list[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    sys.exit(_run_command(argv))


def _run_command(argv: list[str] | None) -> int:
    try:
        result: Any = root_command.main(args=argv, prog_name="mcsyncd", standalone_mode=False)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except (click.ClickException, click.Abort, McsyncError, OSError) as error:
        return _report_error(error)
    return result if isinstance(result, int) else ExitCode.DONE


def _report_error(error: click.ClickException | click.Abort | McsyncError | OSError) -> int:
    """Say on stderr what went wrong, and return the exit code for it."""
    match error:
        case click.ClickException():
            error.show()
            return ExitCode.USAGE
        case McsyncError():
            print_error(error)
            return error.exit_code
        case BrokenPipeError():
            # The reader went away (`| head`); that is its right, and nothing to shout about.
            sys.stderr.close()
            return ExitCode.DONE
        case OSError():
            where = error.filename or "the system"
            print_error(McsyncError(f"{where}: {error.strerror}", "mend it and try again"))
        case _:
            click.echo("stopped", err=True)
    return ExitCode.FAILED


def print_error(error: McsyncError) -> None:
    """Print an error on stderr: what is wrong, and the next action."""
    for problem in error.problems if isinstance(error, ConfigError) else ():
        click.echo(problem, err=True)
    click.echo(f"mcsyncd: {escape_text(error.message, 600)}", err=True)
    if error.hint:
        click.echo(f"  → {escape_text(error.hint, 600)}", err=True)
