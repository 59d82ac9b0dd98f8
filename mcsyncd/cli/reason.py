"""A decision that is taken with a reason: how `reject` and `reopen` are asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from mcsyncd.cli.calling import decide, json_option, reason_option, revision_option
from mcsyncd.cli.context import Faces

if TYPE_CHECKING:
    from mcsyncd.api import Reject, Reopen


def with_reason(decision: Callable[[str], Reject | Reopen], said: str) -> click.Command:
    """Return the command that takes SESSION and --reason and sends `decision(reason)`.

    `said` is what `--help` says of it.
    """

    @click.command(help=said)
    @click.argument("session")
    @reason_option
    @revision_option
    @json_option
    @click.pass_obj
    def command(faces: Faces, session: str, reason: str, revision: int | None, as_json: bool) -> None:
        decide(faces, session, decision(reason), revision, as_json=as_json)

    return command
