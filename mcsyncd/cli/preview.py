"""`preview`: a page in the browser that plays all angles of a session in lockstep."""

from __future__ import annotations

import asyncio
import signal
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mcsyncd.cli.global_options import GlobalOptions
from mcsyncd.cli.options import MAX_SHARE_HOURS, read_credential_option, store_option
from mcsyncd.errors import UsageError
from mcsyncd.model.rendition import PLAYED_KINDS
from mcsyncd.model.text import escape_text

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from mcsyncd.preview.media_source import MediaSource
    from mcsyncd.preview.page_document import Locate
    from mcsyncd.publish.published_manifest import PublishedManifest
    from mcsyncd.publish.share import UrlSigner

# ruff: noqa: PLC0415  # a command loads what it needs when it runs


@click.command()
@click.argument("session")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="Port to serve on; by default a free one."
)
@click.option(
    "--to",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write the page into this new folder instead, for a web server.",
)
@click.option(
    "--root",
    metavar="URL",
    help="With --to: where the page finds the store's files; by default signed addresses of the bucket.",
)
@click.option(
    "--hours",
    type=click.FloatRange(1, MAX_SHARE_HOURS),
    default=12,
    show_default=True,
    help="With --to: validity of signed addresses.",
)
@read_credential_option
@store_option
@click.pass_obj
def preview_command(
    options: GlobalOptions,
    session: str,
    port: int,
    to: Path | None,
    root: str | None,
    hours: float,
    credential: Path | None,
    store: str,
) -> None:
    """Watch a published session in a browser, all angles in lockstep.

    Serves a page on this machine until Ctrl-C, and prints its address. Whoever has the address can watch: it
    is a secret. The page decides nothing; approve in the terminal.
    """
    from mcsyncd.preview.media_source import BucketMedia, FolderMedia
    from mcsyncd.publish.open_store import open_store, read_store_key
    from mcsyncd.publish.published_manifest import read_published_manifest
    from mcsyncd.settings.stores import LocalStorage

    if to is None and root is not None:
        raise UsageError("--root is for a page that is written", "name a folder for it with --to")
    source: MediaSource
    signer: UrlSigner | None = None
    storage = options.settings.find_store(store)
    if isinstance(storage, LocalStorage):
        published = read_published_manifest(open_store(storage), session)
        source = FolderMedia(storage.path)
    else:
        from mcsyncd.publish.r2 import R2Store
        from mcsyncd.publish.share import UrlSigner

        access = read_store_key(storage.share_credentials, credential)
        bucket, signer = R2Store(storage, access), UrlSigner(storage, access)
        published = read_published_manifest(bucket, session)
        source = BucketMedia(bucket, signer)
    if to is None:
        _serve_page(session, published, source, port)
    else:
        _write_page(session, published, to, *_locate_media(root, signer, round(hours * 3600)))


def _serve_page(session: str, published: PublishedManifest, source: MediaSource, port: int) -> None:
    from mcsyncd.preview.page_document import build_page_document
    from mcsyncd.preview.page_server import MEDIA_PATH, PageServer
    from mcsyncd.publish.share import list_shared_objects

    document = build_page_document(published.document, published.head, lambda key: f"{MEDIA_PATH}/{key}")
    shown = list_shared_objects(session, published.document, frozenset(PLAYED_KINDS))
    server = PageServer(document, shown, source)

    def report(address: str) -> None:
        click.echo(address)
        click.echo("Open it in a browser on this machine. Ctrl-C ends it.", err=True)

    asyncio.run(_run_until_stopped(server.serve(port, report)))


async def _run_until_stopped(serving: Coroutine[Any, Any, None]) -> None:
    """Serve until Ctrl-C or SIGTERM, also where the shell that started it ignores Ctrl-C."""
    loop, task = asyncio.get_running_loop(), asyncio.ensure_future(serving)
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    with suppress(asyncio.CancelledError):
        await task


def _locate_media(root: str | None, signer: UrlSigner | None, seconds: int) -> tuple[Locate, tuple[str, ...]]:
    """Return what turns a key into an address for a written page, and the origins of these addresses."""
    from mcsyncd.handoff.addresses import join_root
    from mcsyncd.preview.media_source import find_origin

    if root is not None:
        return lambda key: join_root(root, key), find_origin(root)
    if signer is None:
        raise UsageError("a folder has no addresses", "say with --root at which URL its files are served")
    return lambda key: signer.sign_get(key, seconds), find_origin(signer.sign_get("head/", seconds))


def _write_page(
    session: str, published: PublishedManifest, to: Path, locate: Locate, origins: tuple[str, ...]
) -> None:
    from mcsyncd.integrity.derived_file import write_derived_file
    from mcsyncd.preview.page_document import build_page_document
    from mcsyncd.preview.static_page import build_page_files
    from mcsyncd.publish.share import require_shareable

    require_shareable(session, published.head)
    if to.exists():
        raise UsageError(f"{to}: is there already", "name a new folder with --to")
    to.mkdir(parents=True)
    document = build_page_document(published.document, published.head, locate)
    for name, body in build_page_files(document, origins).items():
        write_derived_file(to / name, body)
    click.echo(escape_text(str(to / "index.html"), 400))
