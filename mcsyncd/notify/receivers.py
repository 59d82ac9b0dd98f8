"""The receivers of the settings: send to one, here or through the publisher, or see whether one could."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from mcsyncd.errors import StorageError
from mcsyncd.model.notice import Bulletin
from mcsyncd.notify.apprise_service import require_apprise_service, send_by_apprise
from mcsyncd.notify.delivery import NotDelivered
from mcsyncd.notify.webhook import parse_secret, post_webhook
from mcsyncd.publish import publisher_messages as messages
from mcsyncd.publish.credentials import locate_credential, read_secrets
from mcsyncd.publish.distant_store import PUBLISHER_UNIT, greet_publisher
from mcsyncd.publish.message_stream import NoMessage, receive_message, send_message
from mcsyncd.publish.publisher_messages import clean_text
from mcsyncd.settings.notifications import NotificationReceiver, NotificationSettings, WebhookReceiver
from mcsyncd.settings.schema import Settings

_ANSWER_S = 60.0
"""Seconds that the publisher may take. Judgement: a try has 15 s, a service of apprise some more."""


def new_bulletin_id() -> str:
    """Return the id of a new bulletin: no other has it, and it has no dot, which ends it in a signature."""
    return f"msg_{secrets.token_hex(16)}"


def send_bulletin(
    settings: Settings, receiver: NotificationReceiver, bulletin: Bulletin, credential: Path | None = None
) -> None:
    """Send a bulletin to a receiver: through the publisher where there is one, because it has the network.

    `credential` is a file with the secret, for a person who has it at hand. Blocks. Raises NotDelivered.
    """
    if settings.uploads.publisher is not None and credential is None:
        _ask_publisher(settings, messages.SendBulletin(receiver=receiver.key, bulletin=bulletin))
    else:
        send_here(receiver, bulletin, credential)


def check_receiver(
    settings: Settings, receiver: NotificationReceiver, credential: Path | None = None
) -> None:
    """Make sure that something could be sent to a receiver. Blocks. Raises NotDelivered."""
    if settings.uploads.publisher is not None and credential is None:
        _ask_publisher(settings, messages.CheckReceiver(receiver=receiver.key))
    else:
        check_here(receiver, credential)


def send_here(
    receiver: NotificationReceiver,
    bulletin: Bulletin,
    credential: Path | None = None,
    environ: Mapping[str, str] = os.environ,
) -> None:
    """Send from this process. Raises NotDelivered."""
    secret = _read_secret(receiver, credential, environ)
    if isinstance(receiver, WebhookReceiver):
        post_webhook(receiver.url, parse_secret(secret), bulletin)
    else:
        send_by_apprise(secret, bulletin)


def check_here(
    receiver: NotificationReceiver, credential: Path | None = None, environ: Mapping[str, str] = os.environ
) -> None:
    """Make sure that this process could send. Raises NotDelivered."""
    secret = _read_secret(receiver, credential, environ)
    if isinstance(receiver, WebhookReceiver):
        parse_secret(secret)
    else:
        require_apprise_service(secret)


def answer_receiver(
    settings: NotificationSettings, request: messages.SendBulletin | messages.CheckReceiver
) -> messages.Delivery:
    """Do what the daemon asks the publisher for, with a receiver of the publisher's own settings."""
    receiver = settings.find_receiver(request.receiver)
    if receiver is None:
        return messages.Delivery(
            fault=f"{PUBLISHER_UNIT} has no receiver {request.receiver!r} in its settings",
            hint=f"systemctl restart mcsyncd {PUBLISHER_UNIT}",
        )
    try:
        if isinstance(request, messages.SendBulletin):
            send_here(receiver, request.bulletin)
        else:
            check_here(receiver)
    except NotDelivered as error:
        return messages.Delivery(
            fault=clean_text(error.message), hint=clean_text(error.hint), retry_after_s=error.retry_after_s
        )
    return messages.Delivery()


def _read_secret(receiver: NotificationReceiver, credential: Path | None, environ: Mapping[str, str]) -> str:
    name = "WEBHOOK_SECRET" if isinstance(receiver, WebhookReceiver) else "APPRISE_URL"
    try:
        path = credential or locate_credential(receiver.credential, environ)
        (secret,) = read_secrets(path, (name,), f"the line {name}=…")
    except StorageError as error:
        raise NotDelivered(error.message, error.hint) from error
    return secret


def _ask_publisher(settings: Settings, request: messages.Message) -> None:
    path = settings.uploads.publisher
    assert path is not None
    try:
        with closing(greet_publisher(path, settings.stores)) as connection:
            connection.settimeout(_ANSWER_S)
            send_message(connection, request)
            received = receive_message(connection, messages.ANSWERS)
    except StorageError as error:
        raise NotDelivered(error.message, error.hint) from error
    except (OSError, NoMessage) as error:
        raise _build_publisher_fault(str(error)) from error
    answer = received.message if received is not None else None
    if isinstance(answer, messages.Fault):
        raise NotDelivered(answer.message, answer.hint)
    if not isinstance(answer, messages.Delivery):
        raise _build_publisher_fault("it answered something else than was asked")
    if answer.fault:
        raise NotDelivered(answer.fault, answer.hint, answer.retry_after_s)


def _build_publisher_fault(why: str) -> NotDelivered:
    return NotDelivered(
        f"{PUBLISHER_UNIT} did not send the notification: {why}", f"journalctl -u {PUBLISHER_UNIT}"
    )
