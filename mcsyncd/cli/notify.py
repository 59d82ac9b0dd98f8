"""`notify`: check who gets notifications, or send each a test."""

from __future__ import annotations

from pathlib import Path

import click

from mcsyncd.cli.daemon_calls import print_json
from mcsyncd.cli.global_options import GlobalOptions
from mcsyncd.cli.options import json_option

# ruff: noqa: PLC0415  # a command loads what it needs when it runs


@click.command()
@click.option("--test", "is_test", is_flag=True, help="Send a test message, which says that it is one.")
@click.option("--to", "only", metavar="NAME", help="Only this receiver of the settings.")
@click.option(
    "--credential",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="File with the receiver's secret (default: the credential that the settings name).",
)
@json_option
@click.pass_obj
def notify_command(
    options: GlobalOptions, is_test: bool, only: str | None, credential: Path | None, as_json: bool
) -> int:
    """Check who gets notifications; --test sends a message to each.

    It goes the way that the daemon's own messages go: through mcsyncd-publish, where the settings name its
    socket. Exit code 1 if one fails.
    """
    from mcsyncd.daemon.clock import utc_now
    from mcsyncd.errors import UsageError
    from mcsyncd.model.text import escape_text
    from mcsyncd.notify.delivery import NotDelivered
    from mcsyncd.notify.present_notices import build_test_bulletin
    from mcsyncd.notify.receivers import check_receiver, new_bulletin_id, send_bulletin

    settings = options.settings
    receivers = [one for one in settings.notifications.to if only in {None, one.key}]
    if not receivers and only is None:
        raise UsageError("nobody is told anything: `notifications.to` is empty", "see docs/notifications.md")
    if not receivers:
        known = ", ".join(one.key for one in settings.notifications.to) or "nobody"
        raise UsageError(
            f"there is no receiver {escape_text(str(only), 40)}", f"notifications.to names {known}"
        )
    results: list[dict[str, str]] = []
    for receiver in receivers:
        fault = NotDelivered("")
        try:
            if is_test:
                bulletin = build_test_bulletin(new_bulletin_id(), utc_now())
                send_bulletin(settings, receiver, bulletin, credential)
            else:
                check_receiver(settings, receiver, credential)
        except NotDelivered as error:
            fault = error
        results.append({"receiver": receiver.key, "fault": fault.message, "hint": fault.hint})
    failed = any(one["fault"] for one in results)
    if as_json:
        print_json({"ok": not failed, "sent": is_test, "receivers": results})
        return int(failed)
    for one in results:
        done = "sent" if is_test else "has what it needs"
        click.echo(f"{'✖' if one['fault'] else '✔'} {one['receiver']}: {escape_text(one['fault']) or done}")
        if one["hint"]:
            click.echo(f"    → {escape_text(one['hint'])}")
    return int(failed)
