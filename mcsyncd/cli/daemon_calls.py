"""What the commands that call the daemon share: one call, and JSON on standard output."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

import click

from mcsyncd.cli.global_options import GlobalOptions

if TYPE_CHECKING:
    from pydantic import BaseModel

    from mcsyncd.api import DecisionRequest, SessionBody
    from mcsyncd.client import Client

# ruff: noqa: PLC0415  # a command loads what it needs when it runs

AnswerT = TypeVar("AnswerT")


def call_daemon(options: GlobalOptions, request: Callable[[Client], Awaitable[AnswerT]]) -> AnswerT:
    """Return what the daemon answers. Raises `Unreachable` and what else the client raises."""
    from mcsyncd.client import Client

    async def run_request() -> AnswerT:
        async with Client(options.socket) as client:
            return await request(client)

    return asyncio.run(run_request())


def print_json(value: BaseModel | list[BaseModel] | dict[str, object]) -> None:
    """Print one JSON document."""
    if isinstance(value, dict):
        document: object = value
    elif isinstance(value, list):
        document = [one.model_dump(mode="json") for one in value]
    else:
        document = value.model_dump(mode="json")
    click.echo(json.dumps(document, indent=2, ensure_ascii=False))


def send_decision(
    options: GlobalOptions, session: str, decision: DecisionRequest, revision: int | None, *, as_json: bool
) -> None:
    """Send a decision and print how the session then stands.

    Without a revision the session is looked at first: the caller takes it as it is now.
    """
    from mcsyncd.api import ResyncRequest, RetryRequest, SealRequest

    async def send(client: Client) -> SessionBody:
        free = isinstance(decision, RetryRequest | ResyncRequest | SealRequest)
        looked_at = revision
        if looked_at is None and not free:
            looked_at = (await client.fetch_session(session)).revision
        return await client.send_decision(session, decision, looked_at)

    after = call_daemon(options, send)
    if as_json:
        print_json(after)
        return
    from mcsyncd.cli.reports import format_session

    click.echo("\n".join(format_session(after)))
