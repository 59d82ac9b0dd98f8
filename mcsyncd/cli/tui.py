"""`tui`: the terminal app, on the daemon of this machine or of another."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

if TYPE_CHECKING:
    from mcsyncd.cli.global_options import GlobalOptions

REMOTE_SOCKET = Path("/run/mcsyncd/api.sock")
"""Where the shipped unit puts the socket; the settings of this machine say nothing about another."""


@click.command("tui")
@click.option(
    "--host", metavar="HOST", help="A daemon elsewhere: forward its socket over ssh. HOST as for ssh."
)
@click.option("--read-only", is_flag=True, help="Look, but decide nothing.")
@click.pass_context
def tui_command(context: click.Context, host: str | None, *, read_only: bool) -> None:
    """Open the terminal app: the queue, and one button."""
    # Not at the top: textual alone takes a third of a second, and `mcsyncd --help` must not pay it.
    from mcsyncd.tui.app import McsyncApp  # noqa: PLC0415  # see above
    from mcsyncd.tui.remote import forward_socket  # noqa: PLC0415  # see above

    faces: GlobalOptions = context.obj
    named = context.find_root().get_parameter_source("socket") not in {None, ParameterSource.DEFAULT}
    there = faces.socket if named else REMOTE_SOCKET
    with forward_socket(host, there) if host is not None else nullcontext(faces.socket) as socket:
        app = McsyncApp(socket, read_only=read_only)
        app.run()
    context.exit(app.return_code or 0)
