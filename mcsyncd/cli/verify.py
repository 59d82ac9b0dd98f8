"""`verify`: the audit chain, local files, and the store, each against the record."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mcsyncd.cli.daemon_calls import print_json
from mcsyncd.cli.global_options import GlobalOptions
from mcsyncd.cli.options import json_option
from mcsyncd.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

# ruff: noqa: PLC0415  # a command loads what it needs when it runs

TARGETS = ("log", "media", "store")


@click.command()
@click.argument("what", type=click.Choice(TARGETS))
@click.argument("session", required=False)
@click.option("--deep", is_flag=True, help="media: decode the renditions, too, and compare what comes out.")
@json_option
@click.pass_obj
def verify_command(options: GlobalOptions, what: str, session: str | None, deep: bool, as_json: bool) -> int:
    """Check the audit chain (log), local files (media) or stored objects (store).

    Reads the ledger and the files themselves and asks no daemon: a check that asks the one it
    checks proves little. Exit code 1 when anything does not match the record.
    """
    from mcsyncd.checks.verify import verify_log, verify_media, verify_store

    if deep and what != "media":
        raise UsageError(f"verify {what} has no --deep", "leave it out, or use `mcsyncd verify media --deep`")
    if what == "media":
        found = verify_media(options.settings, session, deep=deep)
    else:
        found = {"log": verify_log, "store": verify_store}[what](options.settings, session)
    _print_report(what, found.checked, found.findings, found.note, as_json=as_json)
    return 1 if found.findings else 0


def _print_report(what: str, checked: int, faults: Sequence[str], note: str, *, as_json: bool) -> None:
    from mcsyncd.model.text import escape_text

    if as_json:
        print_json({"what": what, "checked": checked, "faults": list(faults), "note": note})
        return
    for fault in faults:
        click.echo(escape_text(fault, 400))
    verdict = f"{len(faults)} fault(s)" if faults else "all as recorded"
    click.echo(f"{what}: {checked} checked, {verdict}. {note}".rstrip())
