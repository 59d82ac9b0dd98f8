"""The commands for decisions that need a reason: `reject` and `reopen`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from mcsyncd.cli.daemon_calls import send_decision
from mcsyncd.cli.global_options import GlobalOptions
from mcsyncd.cli.options import json_option, reason_option, revision_option

if TYPE_CHECKING:
    from mcsyncd.api import RejectRequest, ReopenRequest


def build_reason_command(
    name: str, build_request: Callable[[str], RejectRequest | ReopenRequest], help_text: str
) -> click.Command:
    """Return a command that takes SESSION and --reason and sends `build_request(reason)`.

    `name` is the command's, `help_text` its `--help`.
    """

    @click.command(name, help=help_text)
    @click.argument("session")
    @reason_option
    @revision_option
    @json_option
    @click.pass_obj
    def decision_command(
        options: GlobalOptions, session: str, reason: str, revision: int | None, as_json: bool
    ) -> None:
        send_decision(options, session, build_request(reason), revision, as_json=as_json)

    return decision_command
