"""`doctor`: check everything around the daemon."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from mcsyncd.cli.daemon_calls import print_json
from mcsyncd.cli.global_options import GlobalOptions
from mcsyncd.cli.options import credential_option, json_option

# ruff: noqa: PLC0415  # a command loads what it needs when it runs

_VERDICT_GLYPHS = {"ok": "✔", "warn": "!", "fail": "✖"}


@click.command()
@credential_option
@json_option
@click.pass_obj
def doctor_command(options: GlobalOptions, credential: Path | None, as_json: bool) -> int:
    """Check everything around the daemon.

    Folders, limits, disk space, codecs, clock, socket, groups, storage, audio and terminal. Exit code
    1 when a check fails.
    """
    from mcsyncd.checks.doctor import report_broken_settings, run_checks
    from mcsyncd.errors import ConfigError
    from mcsyncd.model.text import escape_text
    from mcsyncd.settings.active_config import ActiveConfig

    try:
        config = ActiveConfig.read(options.config_path)
    except ConfigError as error:
        checks = report_broken_settings(error)
    else:
        checks = run_checks(config, credential)
    failed = any(check.status == "fail" for check in checks)
    if as_json:
        print_json({"ok": not failed, "checks": [asdict(check) for check in checks]})
        return int(failed)
    for check in checks:
        click.echo(f"{_VERDICT_GLYPHS[check.status]} {check.name}: {escape_text(check.message)}")
        if check.hint:
            click.echo(f"    → {escape_text(check.hint)}")
    return int(failed)
