"""`tui`: the terminal app, for the daemon of this machine or of another."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

if TYPE_CHECKING:
    from mcsyncd.cli.global_options import GlobalOptions

REMOTE_SOCKET = Path("/run/mcsyncd/api.sock")
"""Where the shipped unit puts the socket. A remote daemon is assumed to use it, because the settings of
this machine do not describe another."""


@click.command("tui")
@click.option("--host", metavar="HOST", help="Connect to the daemon on HOST: forward its socket over ssh.")
@click.option("--read-only", is_flag=True, help="Show everything, allow no decisions.")
@click.pass_context
def tui_command(context: click.Context, host: str | None, *, read_only: bool) -> None:
    """Open the terminal app.

    The queue of sessions, and one button for each: Looks Good, or Review Sync.
    """
    # Not at the top: textual alone takes a third of a second, which `mcsyncd --help` must not pay.
    from mcsyncd.tui.app import McsyncApp  # noqa: PLC0415  # see above
    from mcsyncd.tui.remote import forward_socket  # noqa: PLC0415  # see above

    options: GlobalOptions = context.obj
    is_socket_given = context.find_root().get_parameter_source("socket") not in {
        None,
        ParameterSource.DEFAULT,
    }
    remote_socket = options.socket if is_socket_given else REMOTE_SOCKET
    with forward_socket(host, remote_socket) if host is not None else nullcontext(options.socket) as socket:
        app = McsyncApp(socket, read_only=read_only)
        app.run()
    context.exit(app.return_code or 0)
