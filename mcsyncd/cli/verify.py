"""`verify`: check the audit log, local files and the store against what was recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mcsyncd.cli.daemon_calls import print_json
from mcsyncd.cli.global_options import GlobalOptions
from mcsyncd.cli.options import SHARE, credential_option, json_option
from mcsyncd.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mcsyncd.checks.verify import VerifyResult
    from mcsyncd.settings.schema import Settings

# ruff: noqa: PLC0415  # a command loads what it needs when it runs

TARGETS = ("log", "media", "store")
"""What can be checked: the hash chain, the files on disk, the published objects."""
_MEDIA_HINT = (
    "put an original back, or fetch it: `mcsyncd restore SESSION --into DIR`; what was made from it is made "
    "again where it is needed, and the store keeps what is published"
)
_STORE_HINT = "send again what this machine still has: `mcsyncd storage repair`"


@click.command()
@click.argument("what", type=click.Choice(TARGETS))
@click.argument("session", required=False)
@click.option("--deep", is_flag=True, help="media: also decode the renditions; store: read all of it back.")
@click.option("--sample", type=SHARE, help="store: read back this share of the bytes, such as 5%.")
@click.option("--store", metavar="NAME", help="store: which one of the settings (default: all of them).")
@credential_option
@json_option
@click.pass_obj
def verify_command(
    options: GlobalOptions,
    what: str,
    session: str | None,
    deep: bool,
    sample: float | None,
    store: str | None,
    credential: Path | None,
    as_json: bool,
) -> int:
    """Check the audit log, local files or the store against the record.

    log checks the hash chain of the audit log, media the originals and renditions on disk, store
    the published objects, manifests and pointers; SESSION limits the check to one session. It reads
    the ledger and the files itself and does not ask the daemon, whose work it checks. Exit code 1
    when anything differs.
    """
    from mcsyncd.checks.verify import verify_log, verify_media

    if what != "store" and (sample is not None or store is not None or credential is not None):
        raise UsageError("--sample, --store and --credential are for stores", "use `mcsyncd verify store`")
    if what == "log" and deep:
        raise UsageError("verify log has no option --deep", "leave it out: all of the log is always checked")
    if what == "media":
        report = verify_media(options.settings, session, deep=deep)
    elif what == "store":
        share = 1.0 if deep else sample or 0.0
        report = _verify_stores(options.settings, session, store, share, credential)
    else:
        report = verify_log(options.settings, session)
    _print_report(what, report.checked, report.findings, report.note, as_json=as_json)
    return 1 if report.findings else 0


def _verify_stores(
    settings: Settings, session: str | None, store: str | None, share: float, credential: Path | None
) -> VerifyResult:
    """Verify one store, or all; what is said of each of several begins with its name."""
    from mcsyncd.checks.verify import VerifyResult, verify_store

    checked, findings, notes = 0, [], []
    stores = settings.stores if store is None else (settings.find_store(store),)
    for storage in stores:
        found = verify_store(settings, storage, session, share=share, credential=credential)
        prefix = f"{storage.key}: " if len(settings.stores) > 1 else ""
        checked += found.checked
        findings += [f"{prefix}{sentence}" for sentence in found.findings]
        notes.append(f"{prefix}{found.note}")
    return VerifyResult(checked, tuple(findings), "; ".join(notes))


def _print_report(what: str, checked: int, faults: Sequence[str], note: str, *, as_json: bool) -> None:
    from mcsyncd.model.text import escape_text

    if as_json:
        print_json({"what": what, "checked": checked, "faults": list(faults), "note": note})
        return
    for fault in faults:
        click.echo(escape_text(fault, 400))
    if faults:
        click.echo(f"→ {_suggest_remedy(what)}")
    verdict = f"{len(faults)} fault(s)" if faults else "all as recorded"
    click.echo(f"{what}: {checked} checked, {verdict}. {note}".rstrip())


def _suggest_remedy(what: str) -> str:
    """Return the next action for what a check found."""
    from mcsyncd.store.damage import RECOVERY_HINT

    return {"log": f"stop the daemon; {RECOVERY_HINT}", "media": _MEDIA_HINT, "store": _STORE_HINT}[what]
