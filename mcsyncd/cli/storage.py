"""`storage`: uploads, and what is stored."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from mcsyncd.cli.global_options import GlobalOptions
from mcsyncd.cli.options import credential_option, json_option, store_option
from mcsyncd.cli.storage_cost import cost_command
from mcsyncd.cli.storage_doctor import doctor_command
from mcsyncd.cli.storage_rules import apply_command, build_rules_document, format_rules

if TYPE_CHECKING:
    from mcsyncd import api

# ruff: noqa: PLC0415  # a command loads what it needs when it runs


@click.group("storage")
def storage_command() -> None:
    """Pause and resume uploads, and look after what is stored."""


@storage_command.command("init")
@click.option("--adopt", is_flag=True, help="Publish to this store from now on, although it is another one.")
@click.option("--store", metavar="NAME", help="Which store of the settings (default: all of them).")
@credential_option
@click.pass_obj
def init_command(options: GlobalOptions, adopt: bool, store: str | None, credential: Path | None) -> None:
    """Make the stores of the settings ready: give each an identity, unless it has one.

    Nothing is published to a store without one: a folder whose disk is not mounted looks like an empty
    store.
    """
    from mcsyncd.checks.store_identity import prepare_store

    settings = options.settings
    for storage in settings.stores if store is None else (settings.find_store(store),):
        made = prepare_store(settings, storage, adopt=adopt, credential=credential)
        said = "is ready" if made.is_new else "was ready already"
        click.echo(f"{storage.label} {said}: {made.identity.id[:8]}, made {made.identity.created}")


@storage_command.command("pause")
@json_option
@click.pass_obj
def pause_command(options: GlobalOptions, as_json: bool) -> None:
    """Stop all uploads until `storage resume`, also over a restart.

    What was sent of a large file stays in the store; the rest follows later.
    """
    _direct_uploads(options, "pause", as_json=as_json)


@storage_command.command("resume")
@json_option
@click.pass_obj
def resume_command(options: GlobalOptions, as_json: bool) -> None:
    """Go on with the uploads at once, after a pause or after the store failed."""
    _direct_uploads(options, "resume", as_json=as_json)


def _direct_uploads(options: GlobalOptions, action: Literal["pause", "resume"], *, as_json: bool) -> None:
    from mcsyncd.cli.daemon_calls import call_daemon, print_json

    body: api.StorageBody = call_daemon(options, lambda client: client.direct_uploads(action))
    if as_json:
        print_json(body)
    else:
        click.echo("uploads are paused" if body.uploads == "paused" else "uploads go on")


@storage_command.command("plan")
@click.argument("session", required=False)
@store_option
@credential_option
@json_option
@click.pass_obj
def plan_command(
    options: GlobalOptions, session: str | None, store: str, credential: Path | None, as_json: bool
) -> int:
    """Show what differs between the ledger and the store. Changes nothing.

    Exit code 1 when an object does. SESSION limits it to one session. The rules of a bucket are shown, too,
    if the key may read them.
    """
    from mcsyncd.checks.store_survey import survey_store
    from mcsyncd.cli.daemon_calls import print_json
    from mcsyncd.publish.open_store import open_store

    storage = options.settings.find_store(store)
    name = options.settings.name_store(storage)
    opened = open_store(storage, credential=credential)
    survey = survey_store(options.settings, opened, session, name=name)
    if as_json:
        print_json(
            {
                "checked": survey.checked,
                "differences": list(survey.sentences),
                "rules": build_rules_document(storage, credential),
            }
        )
    else:
        _print_lines(survey.sentences, f"{survey.checked} checked, nothing differs")
        if survey.sentences:
            command = "mcsyncd storage repair" + (f" --store {name}" if name else "")
            click.echo(f"→ {command} sends again what local copies can prove")
        _print_lines(format_rules(storage, credential), "")
    return 1 if survey.sentences else 0


@storage_command.command("repair")
@click.argument("session", required=False)
@click.option("--deep", is_flag=True, help="Read everything back first, and replace what is damaged, too.")
@store_option
@credential_option
@click.pass_obj
def repair_command(
    options: GlobalOptions, session: str | None, deep: bool, store: str, credential: Path | None
) -> int:
    """Send again what is missing or different, from local copies that are proven.

    Pointers of sessions that the ledger does not know are set aside, others are set right. Nothing else
    is deleted. Then `mcsyncd retry` for a session that had stopped. Exit code 1 if anything is left.
    """
    from mcsyncd.checks.store_repair import repair_store
    from mcsyncd.checks.store_survey import read_back, survey_store
    from mcsyncd.publish.open_store import open_store
    from mcsyncd.settings.work_layout import WorkLayout

    storage = options.settings.find_store(store)
    opened = open_store(storage, credential=credential)
    layout = WorkLayout.from_settings(options.settings)
    survey = survey_store(options.settings, opened, session, name=options.settings.name_store(storage))
    survey, _ = read_back(opened, survey, layout, 1.0 if deep else 0.0)
    steps = list(repair_store(opened, survey, layout))
    _print_lines((one.sentence for one in steps), f"{survey.checked} checked, nothing to repair")
    return 0 if all(one.is_mended for one in steps) else 1


@storage_command.command("gc")
@click.option("--apply", is_flag=True, help="Delete them; without it they are only listed.")
@click.option("--grace-days", default=30, show_default=True, help="Days since they were superseded.")
@store_option
@credential_option
@click.pass_obj
def gc_command(
    options: GlobalOptions, apply: bool, grace_days: int, store: str, credential: Path | None
) -> int:
    """List stored objects that no manifest in force refers to: what earlier revisions left.

    Originals are never among them.
    """
    from mcsyncd.checks.store_garbage import list_garbage, remove_garbage
    from mcsyncd.present.numbers import format_size
    from mcsyncd.publish.open_store import open_store

    storage = options.settings.find_store(store)
    found = list_garbage(options.settings, grace_days, name=options.settings.name_store(storage))
    _print_lines((f"{one.object.key}  {format_size(one.object.bytes)}" for one in found), "no garbage")
    if found and apply:
        remove_garbage(open_store(storage, credential=credential), found)
        click.echo(f"{len(found)} deleted")
    elif found:
        click.echo("→ nothing was deleted; with --apply they are")
    return 0


def _print_lines(lines: Iterable[str], otherwise: str) -> None:
    from mcsyncd.model.text import escape_text

    printed = False
    for line in lines:
        click.echo(escape_text(line, 400))
        printed = True
    if not printed:
        click.echo(otherwise)


storage_command.add_command(apply_command)
storage_command.add_command(cost_command)
storage_command.add_command(doctor_command)
