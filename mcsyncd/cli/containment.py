"""What a person is told where a command cannot contain its decoders."""

from __future__ import annotations

import sys

import click

from mcsyncd.workers.sandbox.support import list_gaps


def tell_gaps() -> None:
    """Say in one line on a terminal what this system lacks; nothing where it has all."""
    if sys.stderr.isatty() and (gaps := list_gaps()):
        missing = ", ".join(gap.partition(":")[0] for gap in gaps)
        click.echo(f"decoders are not fully confined here: {missing} (see docs/security.md)", err=True)
