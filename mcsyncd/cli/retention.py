"""`retention`: which originals may be removed here, which not, and why. Removes nothing itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mcsyncd.cli.global_options import GlobalOptions
from mcsyncd.cli.options import json_option

if TYPE_CHECKING:
    from mcsyncd.checks.retention_plan import SessionPlan

# ruff: noqa: PLC0415  # a command loads what it needs when it runs


@click.command()
@click.argument("session", required=False)
@json_option
@click.pass_obj
def retention_command(options: GlobalOptions, session: str | None, as_json: bool) -> None:
    """Show which originals may be removed here, which not, and why.

    Changes nothing: `retention` in the settings turns it on, and the daemon does it.

    The daemon moves originals to the trash of their session and deletes them there later, by itself. While
    they lie there, `mcsyncd reopen` works as before; afterwards, `mcsyncd restore` brings them back.
    """
    from dataclasses import asdict

    from mcsyncd.checks.retention_plan import plan_retention
    from mcsyncd.cli.daemon_calls import print_json

    plans = plan_retention(options.settings, session)
    is_on = options.settings.retention.originals_after_days is not None
    if as_json:
        print_json({"enabled": is_on, "sessions": [asdict(one) for one in plans]})
        return
    if not is_on:
        click.echo("retention is off: nothing is removed (retention.originals_after_days turns it on)")
    for plan in plans:
        click.echo(_format_plan(plan))


def _format_plan(plan: SessionPlan) -> str:
    from mcsyncd.model.text import escape_text
    from mcsyncd.present.numbers import format_size

    size = f"{plan.originals} originals, {format_size(plan.bytes)}"
    return f"{plan.session}  {size}: {escape_text(plan.sentence, 300)}"
