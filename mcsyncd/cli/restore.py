"""`restore`: bring a session, or the ledger, back from the store."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mcsyncd.cli.daemon_calls import print_json
from mcsyncd.cli.global_options import GlobalOptions
from mcsyncd.cli.options import credential_option, json_option, store_option
from mcsyncd.cli.stderr_reporter import StderrReporter
from mcsyncd.errors import ExitCode, UsageError
from mcsyncd.model.text import escape_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mcsyncd.checks.restore_plan import RestorePlan
    from mcsyncd.checks.session_restore import FileOutcome
    from mcsyncd.publish.object_store import ObjectStore
    from mcsyncd.publish.published_manifest import PublishedManifest

# ruff: noqa: PLC0415  # a command loads what it needs when it runs


@dataclass(frozen=True, slots=True)
class RestoreReport:
    """What became of a session's files; `state` is what its pointer says of the newest revision."""

    session: str
    revision: int
    state: str
    files: list[FileOutcome]
    refused: tuple[str, ...]


@click.command()
@click.argument("session", required=False)
@click.option(
    "--into", type=click.Path(path_type=Path, file_okay=False), help="Folder to restore the session into."
)
@click.option("--revision", type=int, help="The published revision (default: the newest).")
@click.option(
    "--only",
    multiple=True,
    type=click.Choice(["originals", "mezzanines", "proxies", "peaks", "sprites"]),
    help="Restore only these; may be repeated.",
)
@click.option("--anyway", is_flag=True, help="Also a session that was withdrawn.")
@click.option("--ledger", is_flag=True, help="Restore the ledger from its newest snapshot instead.")
@click.option("--host", help="With --ledger: only snapshots of this machine (default: the newest of all).")
@store_option
@credential_option
@json_option
@click.pass_obj
def restore_command(
    options: GlobalOptions,
    *,
    session: str | None,
    into: Path | None,
    revision: int | None,
    only: tuple[str, ...],
    anyway: bool,
    ledger: bool,
    host: str | None,
    store: str,
    credential: Path | None,
    as_json: bool,
) -> int:
    """Bring a session, or the ledger, back from the store.

    Needs the settings and the store, but no daemon. SESSION goes into the folder --into, every file checked
    against the manifest. A file that is there is never overwritten; the same command again goes on where it
    stopped. --ledger puts the newest snapshot in place where there is no ledger. Exit code 1 if anything is
    missing at the end.
    """
    if ledger:
        if session is not None or into is not None:
            raise UsageError("--ledger restores no session", "give two commands, the ledger first")
        return _restore_ledger(options, host, store, credential, as_json=as_json)
    if session is None or into is None or host is not None:
        raise UsageError(
            "restore needs a session and a folder, or --ledger",
            "mcsyncd restore SESSION --into DIR, or mcsyncd restore --ledger [--host NAME]",
        )
    from mcsyncd.checks.restore_plan import KINDS, plan_restore
    from mcsyncd.checks.session_restore import keep_manifest, require_room
    from mcsyncd.publish.open_store import open_store
    from mcsyncd.publish.published_manifest import read_published_manifest

    opened = open_store(options.settings.find_store(store), credential=credential)
    manifest = read_published_manifest(opened, session, revision)
    reporter = StderrReporter()
    _show_head(manifest, reporter, anyway=anyway)
    plan = plan_restore(manifest.document, frozenset(kind for kind in KINDS if kind in only))
    require_room(into, plan.files)
    outcomes = [keep_manifest(manifest, into), *_restore_all(opened, plan, into, reporter)]
    report = RestoreReport(session, manifest.revision, manifest.head.state, outcomes, plan.refused)
    _print_report(report, reporter, as_json=as_json)
    is_whole = not plan.refused and all(one.is_right for one in outcomes)
    return ExitCode.DONE if is_whole else ExitCode.FAILED


def _show_head(manifest: PublishedManifest, reporter: StderrReporter, *, anyway: bool) -> None:
    """Say so if the session's newest manifest does not hold. Raises UsageError for one that was withdrawn."""
    from mcsyncd.model.publishing import HeadState

    head = manifest.head
    if head.state is HeadState.CURRENT:
        return
    reason = f": {head.reason}" if head.reason else ""
    if head.state is HeadState.WITHDRAWN and not anyway:
        raise UsageError(
            f"the session was withdrawn{reason}", "with --anyway it is restored all the same; do not use it"
        )
    state = "was withdrawn" if head.state is HeadState.WITHDRAWN else "is under review again"
    reporter.show_finding(f"the session {state}{reason}")


def _restore_all(
    store: ObjectStore, plan: RestorePlan, into: Path, reporter: StderrReporter
) -> Iterator[FileOutcome]:
    """Restore the files of a plan; show each one's progress, and how much of all is done."""
    from mcsyncd.checks.session_restore import restore_files
    from mcsyncd.present.numbers import format_percent, format_size

    sizes = {file.path: file.bytes for file in plan.files}
    total, ended = sum(sizes.values()), 0

    def show_progress(path: str, done: int, size: int) -> None:
        share = format_percent(done / size if size else 1.0)
        reporter.show_progress(f"{format_size(ended + done)} of {format_size(total)} · {path} {share}")

    for outcome in restore_files(store, plan.files, into, show_progress):
        ended += sizes[outcome.path]
        yield outcome


def _print_report(report: RestoreReport, reporter: StderrReporter, *, as_json: bool) -> None:
    """Print each file that is missing, and the numbers."""
    if as_json:
        print_json(asdict(report))
        return
    reporter.show_progress("")
    for sentence in report.refused:
        reporter.show_finding(f"not restored: {sentence}")
    for outcome in report.files:
        if not outcome.is_right:
            reporter.show_finding(f"not restored: {outcome.path}: {outcome.sentence}")
    states = [outcome.state for outcome in report.files]
    restored, present = states.count("restored"), states.count("present")
    missing = len(states) - restored - present + len(report.refused)
    end = f"{missing} missing" if missing else "nothing is missing"
    click.echo(
        f"{report.session} revision {report.revision}: {restored} files restored, {present} were there, {end}"
    )


def _restore_ledger(
    options: GlobalOptions, host: str | None, store: str, credential: Path | None, *, as_json: bool
) -> int:
    from mcsyncd.checks.ledger_snapshots import restore_newest_snapshot
    from mcsyncd.publish.open_store import open_store

    opened = open_store(options.settings.find_store(store), credential=credential)
    report = restore_newest_snapshot(options.settings, opened, host)
    if as_json:
        print_json(asdict(report))
        return ExitCode.DONE
    if len(report.hosts) > 1:
        click.echo(f"snapshots of several machines: {', '.join(report.hosts)}")
    for sentence in report.skipped:
        click.echo(f"not used: {escape_text(sentence, 400)}", err=True)
    click.echo(f"restored from {report.key}: {report.sessions} sessions, {report.events} events")
    for session, sentence in report.newer:
        click.echo(f"{escape_text(session)}: {sentence}")
    if report.newer:
        click.echo(
            "→ to go on without these: mcsyncd ledger accept --reason TEXT\n"
            "→ to have them, too: move ledger.db away, then mcsyncd ledger rebuild; all rows are then marked "
            "as rebuilt"
        )
    click.echo("check it with `mcsyncd verify log` and `mcsyncd verify store`, then start the daemon")
    return ExitCode.DONE
