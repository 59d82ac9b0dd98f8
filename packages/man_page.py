"""Print the manual page: `python packages/man_page.py`. It has all commands, as click knows them."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Iterator
from inspect import cleandoc

import click

from mcsyncd import __version__
from mcsyncd.cli.main import root_command

FILES = {
    "/etc/mcsync/config.yaml": "settings; the daemon reads them at its start and at a reload",
    "/etc/mcsync/profiles/": "how mezzanines and proxies are encoded",
    "/etc/tmpfiles.d/mcsyncd.conf": "the drop folders, one for each camera",
    "/srv/mcsync/": "drop folders, originals and everything that was made from them",
    "/var/lib/mcsync/": "the ledger and its daily copies: who approved what",
}
EXIT_CODES = (
    "0 done, 1 failed, 2 wrong usage or settings, 3 daemon not reachable, 4 conflict, 5 not permitted, "
    "6 bad media"
)


def build_man_page(root: click.Group) -> str:
    """Return the page in man(7)'s macros; its date is SOURCE_DATE_EPOCH, or now."""
    date = time.strftime("%Y-%m-%d", time.gmtime(int(os.environ.get("SOURCE_DATE_EPOCH", time.time()))))
    context = click.Context(root, info_name="mcsyncd")
    lines = [f'.TH MCSYNCD 1 "{date}" "mcsyncd {__version__}"', ".SH NAME"]
    lines += [r"mcsyncd \- sync, review and publish the cards of a multi\-camera shoot", ".SH SYNOPSIS"]
    lines += [_write_bold(f"mcsyncd {' '.join(root.collect_usage_pieces(context))}"), ".SH DESCRIPTION"]
    lines += [*_write_help(root), ".SH OPTIONS", *_write_options(context), ".SH COMMANDS"]
    lines += _write_commands(context, root)
    lines += [
        ".SH FILES",
        *(line for path, text in FILES.items() for line in (".TP", _write_bold(path), escape_roff(text))),
    ]
    lines += [".SH EXIT STATUS", f"{EXIT_CODES}."]
    return "\n".join(lines) + "\n"


def escape_roff(text: str) -> str:
    """Return text that roff shows as it is written."""
    escaped = text.replace("\\", r"\e").replace("-", r"\-")
    return re.sub(r"^(?=[.'])", r"\&", escaped, flags=re.MULTILINE)


def _write_commands(parent: click.Context, group: click.Group) -> Iterator[str]:
    for name in group.list_commands(parent):
        command = group.get_command(parent, name)
        assert command is not None  # the group has just named it
        context = click.Context(command, info_name=name, parent=parent)
        usage = " ".join(command.collect_usage_pieces(context))
        yield from (".SS", escape_roff(f"{context.command_path} {usage}"))
        yield from _write_help(command)
        yield from _write_options(context)
        if isinstance(command, click.Group):
            yield from _write_commands(context, command)


def _write_help(command: click.Command) -> Iterator[str]:
    r"""Yield the paragraphs of a command's help; click keeps the lines of one that begins with \b."""
    for paragraph in cleandoc(command.help or "").split("\n\n"):
        yield ".PP"
        if paragraph.startswith("\b"):
            yield from (".nf", escape_roff(paragraph.removeprefix("\b").strip("\n")), ".fi")
        else:
            yield escape_roff(paragraph)


def _write_options(context: click.Context) -> Iterator[str]:
    for parameter in context.command.get_params(context):
        record = parameter.get_help_record(context)
        if record is not None and "--help" not in parameter.opts:
            yield from (".TP", _write_bold(record[0]), escape_roff(record[1]))


def _write_bold(text: str) -> str:
    return rf"\fB{escape_roff(text)}\fR"


if __name__ == "__main__":
    assert isinstance(root_command, click.Group)
    sys.stdout.write(build_man_page(root_command))
