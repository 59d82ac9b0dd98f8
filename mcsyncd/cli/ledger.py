"""`ledger`: the ways back from a ledger that is damaged, lost or too old."""

from __future__ import annotations

from pathlib import Path

import click

from mcsyncd.cli.global_options import GlobalOptions
from mcsyncd.model.text import escape_text

# ruff: noqa: PLC0415  # a command loads what it needs when it runs


@click.group("ledger")
def ledger_command() -> None:
    """Recover a ledger that is damaged, lost or too old.

    The daemon must be stopped. Nothing is overwritten or deleted: a ledger that gives way to another
    one is set aside beside it.
    """


@ledger_command.command("restore")
@click.argument("copy", required=False, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.pass_obj
def restore_command(options: GlobalOptions, copy: Path | None) -> None:
    """Put COPY, or the newest daily copy, in the place of the ledger."""
    from mcsyncd.checks.ledger_recovery import restore_ledger

    chosen, set_aside = restore_ledger(options.settings, copy)
    if set_aside is not None:
        click.echo(f"the ledger that was there is now {escape_text(str(set_aside))}")
    click.echo(
        f"restored from {escape_text(str(chosen))}; check it with `mcsyncd verify log`, then start the daemon"
    )


@ledger_command.command("rebuild")
@click.option("--without-store", is_flag=True, help="Trust the copies of manifests in the work folder alone.")
@click.pass_obj
def rebuild_command(options: GlobalOptions, without_store: bool) -> int:
    """Build a ledger from published manifests and work folders.

    Published sessions are published in it; all others begin again from their originals. Every event in
    it is marked as rebuilt.
    """
    from mcsyncd.checks.ledger_recovery import rebuild_ledger
    from mcsyncd.settings.active_config import ActiveConfig

    report = rebuild_ledger(ActiveConfig.read(options.config_path), use_store=not without_store)
    if report.set_aside is not None:
        click.echo(f"the ledger that was there is now {escape_text(str(report.set_aside))}")
    for session in report.published:
        click.echo(f"{session}  published")
    for session in report.restarted:
        click.echo(f"{session}  begins again from its originals")
    for sentence in report.skipped:
        click.echo(f"not used: {escape_text(sentence, 400)}", err=True)
    click.echo(
        "rebuilt; check it with `mcsyncd verify log` and `mcsyncd verify store`, then start the daemon"
    )
    return 1 if report.skipped else 0


@ledger_command.command("accept")
@click.option("--reason", required=True, help="Why this ledger is the right one; it is recorded.")
@click.pass_obj
def accept_command(options: GlobalOptions, reason: str) -> None:
    """Go on with the ledger as it is, although work folder or store know more.

    What is accepted is recorded in it, with the reason. Without a ledger, an empty one is made.
    """
    from mcsyncd.checks.ledger_recovery import accept_history

    for sentence in accept_history(options.settings, reason):
        click.echo(f"accepted: {escape_text(sentence, 400)}")
