"""`verify`: check the audit log, local files and the store against what was recorded."""

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
"""What can be checked: the hash chain, the files on disk, the published objects."""


@click.command()
@click.argument("what", type=click.Choice(TARGETS))
@click.argument("session", required=False)
@click.option("--deep", is_flag=True, help="With media: also decode the renditions and compare the result.")
@json_option
@click.pass_obj
def verify_command(options: GlobalOptions, what: str, session: str | None, deep: bool, as_json: bool) -> int:
    """Check the audit log, local files or the store against the record.

    log checks the hash chain of the audit log, media the originals and renditions on disk, store
    the published objects; SESSION limits the check to one session. It reads the ledger and the files
    itself and does not ask the daemon, whose work it checks. Exit code 1 when anything differs.
    """
    from mcsyncd.checks.verify import verify_log, verify_media, verify_store

    if deep and what != "media":
        raise UsageError(
            f"verify {what} has no option --deep", "leave it out, or use `mcsyncd verify media --deep`"
        )
    if what == "media":
        report = verify_media(options.settings, session, deep=deep)
    else:
        report = {"log": verify_log, "store": verify_store}[what](options.settings, session)
    _print_report(what, report.checked, report.findings, report.note, as_json=as_json)
    return 1 if report.findings else 0


def _print_report(what: str, checked: int, faults: Sequence[str], note: str, *, as_json: bool) -> None:
    from mcsyncd.model.text import escape_text

    if as_json:
        print_json({"what": what, "checked": checked, "faults": list(faults), "note": note})
        return
    for fault in faults:
        click.echo(escape_text(fault, 400))
    verdict = f"{len(faults)} fault(s)" if faults else "all as recorded"
    click.echo(f"{what}: {checked} checked, {verdict}. {note}".rstrip())
