"""Lines on standard error: passing ones for progress, and those that stay."""

from __future__ import annotations

import sys

import click

from mcsyncd.model.text import escape_text


class StderrReporter:
    """Prints on standard error; on a terminal, each progress line replaces the one before."""

    def __init__(self) -> None:
        self._is_terminal = sys.stderr.isatty()

    def show_progress(self, text: str) -> None:
        """Show a passing line, on a terminal only."""
        if self._is_terminal:
            click.echo(f"\r\x1b[K{escape_text(text)}", nl=False, err=True)

    def show_finding(self, text: str) -> None:
        """Print a line that stays."""
        click.echo(
            f"\r\x1b[K{escape_text(text, 400)}" if self._is_terminal else escape_text(text, 400), err=True
        )
