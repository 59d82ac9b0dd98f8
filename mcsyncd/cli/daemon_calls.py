"""What the commands that call the daemon share: the call, sending a decision, and printing JSON."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

import click

from mcsyncd.cli.global_options import GlobalOptions
from mcsyncd.errors import McsyncError

if TYPE_CHECKING:
    from pydantic import BaseModel

    from mcsyncd.api import DecisionRequest, OriginalsBody, SessionBody
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


async def look_at_originals(client: Client, session: str) -> OriginalsBody | None:
    """Have the daemon look at a session's originals; None if it could not: then nothing is said of them."""
    try:
        return await client.check_originals(session)
    except McsyncError:
        return None


async def look_at_session(client: Client, body: SessionBody) -> tuple[SessionBody, OriginalsBody | None]:
    """Return a session with what a look at its originals found; None if nobody looked.

    The look may change what the session calls for, so it is fetched again.
    """
    from mcsyncd.present.originals import needs_look_at_originals

    if not needs_look_at_originals(body):
        return body, None
    originals = await look_at_originals(client, body.id)
    return await client.fetch_session(body.id), originals


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

    Without a `revision`, the decision is made on the current one. Retry, resync, seal and return need
    none. What becomes of every file is printed with it.
    """
    from mcsyncd.api import ResyncRequest, RetryRequest, ReturnRequest, SealRequest

    async def send(client: Client) -> tuple[SessionBody, SessionBody, OriginalsBody | None]:
        needs_revision = not isinstance(decision, RetryRequest | ResyncRequest | SealRequest | ReturnRequest)
        before = await client.fetch_session(session)
        base_revision = before.revision if revision is None and needs_revision else revision
        # What is given back is looked at before it is on its way.
        is_return = isinstance(decision, ReturnRequest)
        originals = await look_at_originals(client, session) if is_return and not as_json else None
        after = await client.send_decision(session, decision, base_revision)
        if not is_return and not as_json:
            originals = await look_at_originals(client, session)
        return before, after, originals

    before, after, originals = call_daemon(options, send)
    if as_json:
        print_json(after)
        return
    from mcsyncd.cli.reports import format_session
    from mcsyncd.present.files import format_file_fates

    fates = format_file_fates(decision.action, before, after, originals)
    click.echo("\n".join((*format_session(after), *fates)))
