"""`clean`: what is left in the drop folders of a card that was taken in."""

from __future__ import annotations

from dataclasses import asdict

import click

from mcsyncd.cli.daemon_calls import print_json
from mcsyncd.cli.global_options import GlobalOptions
from mcsyncd.cli.options import json_option

# ruff: noqa: PLC0415  # a command loads what it needs when it runs


@click.command()
@click.argument("session")
@click.option("--apply", is_flag=True, help="Remove it; without, it is only listed.")
@json_option
@click.pass_obj
def clean_command(options: GlobalOptions, session: str, apply: bool, as_json: bool) -> None:
    """List what is left of a session's card in the drop folders.

    --apply removes what operating systems leave (.DS_Store, Thumbs.db), files whose content is in
    the session's folder, and the folders that are empty then. Anything else is named and kept. It reads
    and removes the files itself, so run it as a user who may: `sudo -u mcsync mcsyncd clean ID`.
    """
    from mcsyncd.checks.leftovers import clean_card
    from mcsyncd.model.text import escape_text

    found = clean_card(options.settings, session, apply=apply)
    if as_json:
        print_json({"session": session, "applied": apply, "leftovers": [asdict(one) for one in found]})
        return
    for one in found:
        fate = "kept" if one.kind == "kept" else "removed" if apply else "can be removed"
        click.echo(f"  {escape_text(one.name, 200)}: {fate}; {escape_text(one.why, 200)}")
    removable = sum(one.kind != "kept" for one in found)
    if removable and not apply:
        click.echo(f"  to remove {removable} of {len(found)}: mcsyncd clean {session} --apply")
    if not found:
        click.echo(f"nothing is left of {escape_text(session)} in the drop folders")
