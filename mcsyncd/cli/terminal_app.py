"""Opening the terminal app as its user likes it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mcsyncd.cli.kept_imports import keep_imports
from mcsyncd.cli.terminals import are_terminals
from mcsyncd.errors import UsageError

if TYPE_CHECKING:
    from mcsyncd.tui.keymap import Keymap

# ruff: noqa: PLC0415  # textual alone takes a third of a second, which `mcsyncd --help` must not pay


@dataclass(frozen=True, slots=True)
class AppPreferences:
    """The app file as the app takes it: a `theme`, a `keymap`, and a line for each of the `problems`."""

    theme: str
    keymap: Keymap
    problems: tuple[str, ...]


def read_preferences(theme: str | None = None) -> AppPreferences:
    """Return what the user's app file says; `theme` comes before it, and `NO_COLOR` after it."""
    from mcsyncd.settings.app_file import find_app_file, read_app_file
    from mcsyncd.tui.key_choice import choose_keys
    from mcsyncd.tui.screen_keys import SCREENS

    file = read_app_file(find_app_file(os.environ))
    keymap, refused = choose_keys(file.settings.keys, SCREENS)
    problems = [file.format_key_problem(one.action, one.message, one.hint) for one in refused]
    # no-color.org: options and files of the program come before the variable, which must not be empty.
    fallback = "none" if os.environ.get("NO_COLOR") else "dark"
    return AppPreferences(theme or file.settings.theme or fallback, keymap, (*file.problems, *problems))


def open_app(
    socket: Path,
    *,
    read_only: bool = False,
    theme: str | None = None,
    once_published: str = "",
    kitty: bool = False,
) -> int:
    """Open the app on the daemon behind `socket`, and return its exit code once it is closed.

    What is wrong in the app file is said on standard error and in the app. `once_published` is what the app
    says from the moment on at which a session is published. With `kitty` it shows images, where the
    terminal can. Raises UsageError without a terminal: nobody could operate or end it.
    """
    is_served = bool(os.environ.get("TEXTUAL_DRIVER"))  # a browser is at the other end
    if not is_served and not are_terminals(sys.stdin, sys.stderr):  # textual draws on standard error
        raise UsageError(
            "the terminal app needs a terminal, for standard input and standard error",
            "over ssh: ssh -t HOST mcsyncd tui; in a script: mcsyncd status, show and approve",
        )
    with keep_imports():
        from mcsyncd.tui.app import McsyncApp
        from mcsyncd.tui.image_terminals import can_show_images

        liked = read_preferences(theme)
    report_problems(liked.problems)
    app = McsyncApp(
        socket,
        read_only=read_only,
        theme=liked.theme,
        keymap=liked.keymap,
        remarks=liked.problems,
        once_published=once_published,
        has_images=kitty and can_show_images(os.environ, is_terminal=are_terminals(sys.stdout)),
    )
    app.run()
    return app.return_code or 0


def report_problems(problems: Iterable[str]) -> None:
    """Say on standard error what is left out of the app file."""
    for problem in problems:
        click.echo(f"left out: {problem}", err=True)


def format_app_file(keymap: Keymap) -> list[str]:
    """Return an app file, line by line, with every action, its keys, and what it does."""
    import yaml

    from mcsyncd.tui.key_choice import list_actions
    from mcsyncd.tui.screen_keys import SCREENS

    lines = ["# theme: dark   # or light, ansi (the terminal's own colours), none", "keys:"]
    for action, keys, what in list_actions(SCREENS, keymap):
        value = yaml.safe_dump(list(keys), default_flow_style=True, width=200).strip()
        lines.append(f"  {action + ': ' + value:<32} # {what}")
    return lines
