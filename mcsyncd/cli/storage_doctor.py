"""`storage doctor`: what a bucket really does."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from mcsyncd.cli.global_options import GlobalOptions
from mcsyncd.cli.options import credential_option, json_option, store_option

# ruff: noqa: PLC0415  # a command loads what it needs when it runs


@click.command("doctor")
@credential_option
@store_option
@json_option
@click.pass_obj
def doctor_command(options: GlobalOptions, credential: Path | None, store: str, as_json: bool) -> None:
    """Try out what the bucket does. Sends 15 MB below v1/probe/ and removes it; costs less than a cent.

    The result is for people: whatever it says, files are uploaded in the plain way.
    """
    from mcsyncd.cli.daemon_calls import print_json
    from mcsyncd.errors import StorageError
    from mcsyncd.model.text import escape_text
    from mcsyncd.publish.open_store import read_store_key
    from mcsyncd.publish.store_probes import StoreProbes
    from mcsyncd.settings.stores import R2Storage

    storage = options.settings.find_store(store)
    if not isinstance(storage, R2Storage):
        raise StorageError("the store is a folder: there is nothing to try out", "mcsyncd doctor checks it")
    results = StoreProbes(storage, read_store_key(storage.credentials, credential)).run()
    if as_json:
        print_json({"probes": [asdict(one) for one in results]})
        return
    for one in results:
        click.echo(escape_text(f"{one.verdict:8}{one.feature:45}{one.detail}".rstrip(), 400))
