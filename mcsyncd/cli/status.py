"""`status`: what is going on, once or as it happens."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mcsyncd.cli.calling import call, json_option, print_json
from mcsyncd.cli.context import Faces

if TYPE_CHECKING:
    from mcsyncd.api import StreamBody
    from mcsyncd.client import Client

# ruff: noqa: PLC0415  # a command loads what it needs when it runs


@click.command()
@click.option("--follow", is_flag=True, help="Stream what happens (with --json as JSON lines) until Ctrl-C.")
@json_option
@click.pass_obj
def command(faces: Faces, follow: bool, as_json: bool) -> None:
    """Say what is going on."""
    from mcsyncd.cli.words import status_lines

    status = call(faces, lambda client: client.status())
    if as_json and not follow:
        print_json(status)
        return
    if as_json:
        click.echo(status.model_dump_json())
    else:
        click.echo("\n".join(status_lines(status)))
    if follow:
        _follow(faces, as_json=as_json)


def _follow(faces: Faces, *, as_json: bool) -> None:
    async def following(client: Client) -> None:
        async for news in client.events():
            if as_json:
                click.echo(news.model_dump_json())
            elif line := _line(news):
                click.echo(line)

    try:
        call(faces, following)
    except KeyboardInterrupt:
        return


def _line(news: StreamBody) -> str | None:
    from mcsyncd.cli.words import progress

    if news.what == "event":
        return f"{news.at}  {news.session}  {news.kind}"
    if news.what == "progress" and news.progress is not None:
        return f"{'':>27}  {news.session}  {progress(news.progress)}"
    return None
