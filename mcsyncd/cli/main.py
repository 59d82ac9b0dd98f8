"""The root command: loads the others lazily, and turns every error into a message and an exit code."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from mcsyncd import __version__
from mcsyncd.cli.global_options import GlobalOptions
from mcsyncd.errors import ConfigError, ExitCode, McsyncError
from mcsyncd.model.text import escape_text

COMMANDS = {
    "run": "Run the daemon in the foreground.",
    "publisher": "Run the publisher: the part with the network and the access keys.",
    "demo": "Film a demo shoot and take it through the whole pipeline.",
    "align": "Sync files without a daemon.",
    "compare": "Compare a synced timeline with mcsyncd's own answer.",
    "selftest": "Try the sync on your own footage, with answers that are known.",
    "conform": "Encode one clip with one profile.",
    "probe": "Show what a file is and what conform would do with it.",
    "status": "Show what the daemon waits for and what it is doing; --follow streams it.",
    "metrics": "Print the daemon's metrics in Prometheus' text format.",
    "sessions": "List all sessions, newest first.",
    "show": "Show one session in full.",
    "log": "Print the audit log.",
    "seal": "Start with the clips that are there.",
    "join": "Let a late reel join a session.",
    "retry": "Retry the failed step of a session.",
    "resync": "Sync a session again.",
    "review": "Review a session line by line, without a full-screen terminal.",
    "approve": "Approve a session: it looks good.",
    "reject": "Reject a session.",
    "reopen": "Put a decided session back into review.",
    "nudge": "Move one clip by hand.",
    "clip": "Decide what becomes of one clip.",
    "retention": "Show which originals may be removed here, which not, and why.",
    "return-originals": "Give the originals of a rejected session back.",
    "clean": "List what is left of a session's card in the drop folders.",
    "tui": "Open the terminal app.",
    "manifest": "Print a session's published manifest.",
    "report": "Write a day sheet: one HTML page about a session, or about a day.",
    "handoff": "Write a published session as a timeline for an editor.",
    "preview": "Watch a published session in a browser, all angles in lockstep.",
    "share": "Print URLs by which a session can be played for some hours.",
    "verify": "Check the audit log, local files or the store against the record.",
    "storage": "Pause and resume uploads, and look after what is stored.",
    "restore": "Bring a session, or the ledger, back from the store.",
    "ledger": "Recover a ledger that is damaged, lost or too old.",
    "profile": "List, show, explain and try encoding profiles.",
    "config": "Check and show the settings.",
    "doctor": "Check everything around the daemon.",
    "notify": "Check who gets notifications; --test sends a message to each.",
    "completion": "Print the completion script for bash, zsh or fish.",
}
"""What `mcsyncd --help` says of each command, in the order of use. A copy of the commands' own first
lines (a test compares them), because reading those would load every command's module."""


class LazyCommandGroup(click.Group):
    """Loads a command's module only when it is called, so that `--help` stays fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = cmd_name.replace("-", "_")
        command: click.Command = getattr(import_module(f"mcsyncd.cli.{module}"), f"{module}_command")
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return what can follow on the command line, without loading the command modules."""
        commands = [
            CompletionItem(name, help=text) for name, text in COMMANDS.items() if name.startswith(incomplete)
        ]
        return [*commands, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(cls=LazyCommandGroup)
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    help="Settings file (default: $MCSYNCD_CONFIG, /etc/mcsync/config.yaml or config/local.yaml).",
)
@click.option(
    "--socket", type=click.Path(path_type=Path), help="Socket of the daemon (default: from the settings)."
)
@click.version_option(__version__, prog_name="mcsyncd")
@click.pass_context
def root_command(ctx: click.Context, config: Path | None, socket: Path | None) -> None:
    """Are these assets correct, synced and ready?

    Drop a card into each camera's folder. mcsyncd syncs and conforms the clips, asks a person
    whether they look good, and publishes what is approved.
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
    """Print what went wrong on standard error, and return the exit code for it."""
    match error:
        case click.ClickException():
            error.show()
            return ExitCode.USAGE
        case McsyncError():
            print_error(error)
            return error.exit_code
        case BrokenPipeError():
            # The reader closed the pipe (`| head`), which is not an error.
            sys.stderr.close()
            return ExitCode.DONE
        case OSError():
            subject = error.filename or "system error"
            print_error(McsyncError(f"{subject}: {error.strerror}", "fix this and try again"))
        case _:
            click.echo("interrupted", err=True)
    return ExitCode.FAILED


def print_error(error: McsyncError) -> None:
    """Print an error on standard error: what is wrong, and the operator's next action."""
    for problem in error.problems if isinstance(error, ConfigError) else ():
        click.echo(problem, err=True)
    click.echo(f"mcsyncd: {escape_text(error.message, 600)}", err=True)
    if error.hint:
        click.echo(f"  → {escape_text(error.hint, 600)}", err=True)
