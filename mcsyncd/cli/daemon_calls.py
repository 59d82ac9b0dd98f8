"""What the commands that call the daemon share: the call, sending a decision, and printing JSON."""

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
    """Run `request` with a connected client and return its result.

    Raises `Unreachable` and whatever else the client raises.
    """
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
        document = [body.model_dump(mode="json") for body in value]
    else:
        document = value.model_dump(mode="json")
    click.echo(json.dumps(document, indent=2, ensure_ascii=False))


def send_decision(
    options: GlobalOptions, session: str, decision: DecisionRequest, revision: int | None, *, as_json: bool
) -> None:
    """Send a decision and print the session that results.

    Without a `revision`, the decision is made on the current one. Retry, resync and seal need none.
    """
    from mcsyncd.api import ResyncRequest, RetryRequest, SealRequest

    async def send(client: Client) -> SessionBody:
        needs_revision = not isinstance(decision, RetryRequest | ResyncRequest | SealRequest)
        base_revision = revision
        if base_revision is None and needs_revision:
            base_revision = (await client.fetch_session(session)).revision
        return await client.send_decision(session, decision, base_revision)

    after = call_daemon(options, send)
    if as_json:
        print_json(after)
        return
    from mcsyncd.cli.reports import format_session

    click.echo("\n".join(format_session(after)))
