"""`share`: URLs by which a session's objects can be read for some hours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import click

from mcsyncd.cli.global_options import GlobalOptions
from mcsyncd.cli.options import MAX_SHARE_HOURS, read_credential_option, store_option
from mcsyncd.model.rendition import PLAYED_KINDS, ObjectKind

if TYPE_CHECKING:
    from mcsyncd.publish.published_manifest import PublishedManifest
    from mcsyncd.publish.share import UrlSigner

# ruff: noqa: PLC0415  # a command loads what it needs when it runs

_MIN_HOURS = 1 / 3600
"""One second: what R2 accepts."""


@click.command()
@click.argument("session")
@click.option(
    "--hours",
    type=click.FloatRange(_MIN_HOURS, MAX_SHARE_HOURS),
    default=12,
    show_default=True,
    help="Validity.",
)
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    type=click.Choice(get_args(ObjectKind)),
    default=PLAYED_KINDS,
    show_default=True,
    help="What to share; may be repeated.",
)
@read_credential_option
@store_option
@click.pass_obj
def share_command(
    options: GlobalOptions,
    session: str,
    hours: float,
    kinds: tuple[ObjectKind, ...],
    credential: Path | None,
    store: str,
) -> None:
    """Print URLs by which a session can be played for some hours.

    One JSON document, always. A URL is a secret: whoever has it can read the object until it expires.
    """
    from mcsyncd.cli.daemon_calls import print_json
    from mcsyncd.errors import StorageError
    from mcsyncd.model.publishing import HeadState
    from mcsyncd.publish.open_store import read_store_key
    from mcsyncd.publish.published_manifest import read_published_manifest
    from mcsyncd.publish.r2 import R2Store
    from mcsyncd.publish.share import UrlSigner, require_shareable
    from mcsyncd.settings.stores import R2Storage

    storage = options.settings.find_store(store)
    if not isinstance(storage, R2Storage):
        raise StorageError("the store is a folder: it has no URLs", "share the folder itself, read-only")
    access = read_store_key(storage.share_credentials, credential)
    published = read_published_manifest(R2Store(storage, access), session)
    require_shareable(session, published.head)
    if published.head.state is HeadState.UNDER_REVIEW:
        click.echo(f"mcsyncd: session {session} is under review: it may be replaced", err=True)
    seconds = max(1, round(hours * 3600))
    print_json(_build_document(session, published, UrlSigner(storage, access), seconds, frozenset(kinds)))


def _build_document(
    session: str, published: PublishedManifest, signer: UrlSigner, seconds: int, kinds: frozenset[ObjectKind]
) -> dict[str, object]:
    """Return what is printed; `expires` is rounded down, so that no URL ends before it."""
    from mcsyncd.publish.share import list_shared_objects

    expires = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=seconds)
    document = published.document
    return {
        "session": session,
        "revision": published.revision,
        "state": published.head.state,
        "expires": f"{expires:%Y-%m-%dT%H:%M:%SZ}",
        "rate": document["rate"],
        "manifest": {
            "key": published.key,
            "url": signer.sign_get(published.key, seconds),
            "bytes": len(published.body),
            "content_type": "application/json",
            "sha256": published.sha256,
        },
        "objects": [
            {
                "clip": one.clip,
                "kind": one.kind,
                "key": one.key,
                "url": signer.sign_get(one.key, seconds),
                "expires": f"{expires:%Y-%m-%dT%H:%M:%SZ}",
                "bytes": one.bytes,
                "content_type": one.content_type,
                "start_tick": one.start_tick,
            }
            for one in list_shared_objects(session, document, kinds)
        ],
    }
