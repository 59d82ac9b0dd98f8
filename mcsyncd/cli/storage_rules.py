"""`storage apply`, and the part of `storage plan` about the rules of a bucket."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mcsyncd.cli.global_options import GlobalOptions
from mcsyncd.cli.options import store_option

if TYPE_CHECKING:
    from mcsyncd.publish.bucket_admin import BucketAdmin
    from mcsyncd.publish.bucket_rules import RulesDifference
    from mcsyncd.settings.stores import LocalStorage, R2Storage

# ruff: noqa: PLC0415  # a command loads what it needs when it runs

_WAIT_NOTE = "done; it may take the store half a minute to act on them"


@click.command("apply")
@click.option(
    "--credential",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    required=True,
    help="File with a key that has admin rights, for this one call. It is not stored.",
)
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@store_option
@click.pass_obj
def apply_command(options: GlobalOptions, credential: Path, dry_run: bool, yes: bool, store: str) -> None:
    """Set the rules of the bucket: which pages may play from it, how long incomplete uploads are kept.

    Rules of others are kept. A bucket lock is recommended, never set.
    """
    from mcsyncd.errors import StorageError
    from mcsyncd.settings.stores import R2Storage

    storage = options.settings.find_store(store)
    if not isinstance(storage, R2Storage):
        raise StorageError("the store is a folder: it has no rules", "nothing is to be done")
    admin = _open_admin(storage, credential)
    difference = _compare(admin, storage)
    _print_difference(difference)
    if not difference.changes:
        click.echo("the rules are as they should be")
    elif dry_run:
        click.echo("→ nothing was changed; without --dry-run it is")
    elif yes or click.confirm(f"change the rules of bucket {storage.bucket}?"):
        admin.apply_rules(difference)
        if _compare(admin, storage).changes:
            raise StorageError("the store took the rules, but names others now", "run it again in a minute")
        click.echo(_WAIT_NOTE)
    click.echo(_recommend_lock(storage))


def format_rules(storage: LocalStorage | R2Storage, credential: Path | None) -> Iterator[str]:
    """Yield what to say of the rules of a bucket; nothing of a folder. The key may not be allowed to read."""
    from mcsyncd.errors import StorageError
    from mcsyncd.settings.stores import R2Storage

    if not isinstance(storage, R2Storage):
        return
    try:
        difference = _compare(_open_admin(storage, credential), storage)
    except StorageError as error:
        yield f"rules of the bucket: not read ({error.message})"
        yield "→ mcsyncd storage apply --dry-run --credential FILE, with a key that has admin rights"
        return
    yield from (f"rules of the bucket: {line}" for line in _list_lines(difference))
    if difference.changes:
        yield "→ mcsyncd storage apply --credential FILE sets them"
    else:
        yield "rules of the bucket: as they should be"


def build_rules_document(storage: LocalStorage | R2Storage, credential: Path | None) -> dict[str, object]:
    """Return the same for `--json`: `read` tells whether the rules could be read."""
    from mcsyncd.errors import StorageError
    from mcsyncd.settings.stores import R2Storage

    if not isinstance(storage, R2Storage):
        return {"read": False, "reason": "the store is a folder: it has no rules"}
    try:
        difference = _compare(_open_admin(storage, credential), storage)
    except StorageError as error:
        return {"read": False, "reason": error.message}
    return {
        "read": True,
        "changes": list(difference.changes),
        "kept": list(difference.kept),
        "warnings": list(difference.warnings),
    }


def _open_admin(storage: R2Storage, credential: Path | None) -> BucketAdmin:
    from mcsyncd.publish.bucket_admin import BucketAdmin
    from mcsyncd.publish.open_store import read_store_key

    return BucketAdmin(storage, read_store_key(storage.credentials, credential))


def _compare(admin: BucketAdmin, storage: R2Storage) -> RulesDifference:
    from mcsyncd.publish.bucket_rules import compare_rules

    return compare_rules(admin.read_rules(), storage.cors_origins)


def _print_difference(difference: RulesDifference) -> None:
    from mcsyncd.model.text import escape_text

    for line in _list_lines(difference):
        click.echo(escape_text(line, 400))


def _list_lines(difference: RulesDifference) -> Iterator[str]:
    yield from difference.changes
    yield from (f"= {line} (not ours, kept)" for line in difference.kept)
    yield from (f"! {line}" for line in difference.warnings)


def _recommend_lock(storage: R2Storage) -> str:
    from mcsyncd.publish.bucket_rules import LOCK_DAYS, build_lock_command

    command = build_lock_command(storage.bucket, storage.jurisdiction)
    return f"recommended, not done: originals that nobody can delete for {LOCK_DAYS} days\n→ {command}"
