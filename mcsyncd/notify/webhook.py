"""A bulletin as a webhook: one signed POST, by the Standard Webhooks specification 1.0.0.

The standard library's client, because it does what is wanted and no more: it follows no redirect, reads no
proxy from the environment, and reads of the answer what it is told to.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import http.client
import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from mcsyncd import __version__
from mcsyncd.model.notice import Bulletin
from mcsyncd.model.text import escape_text
from mcsyncd.notify.delivery import NotDelivered

_LIMIT_S = 15.0
"""Seconds for all of a try. Standard Webhooks recommends 15 to 30; longer, and a receiver that hangs is tried
more seldom."""
_MAX_ANSWER_BYTES = 4096
"""Bytes that are read of an answer: only its first words are shown, and only if it is a refusal."""
_SHOWN_CHARACTERS = 120
_MIN_SECRET_BYTES, _MAX_SECRET_BYTES = 24, 64
"""Bytes of a signing secret, as Standard Webhooks has them."""
_PREFIX = "whsec_"


def parse_secret(text: str) -> bytes:
    """Return the key in a secret such as `whsec_…` (base64). Raises NotDelivered if it is none."""
    try:
        key = base64.b64decode(text.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not text.startswith(_PREFIX) or not _MIN_SECRET_BYTES <= len(key) <= _MAX_SECRET_BYTES:
        raise NotDelivered(
            "the credential's WEBHOOK_SECRET is no signing secret",
            'make one: echo "WEBHOOK_SECRET=whsec_$(head -c 32 /dev/urandom | base64)"',
        )
    return key


def build_webhook_body(bulletin: Bulletin) -> bytes:
    """Return what is posted: UTF-8 JSON, as docs/notifications.md describes it."""
    notices = [
        {"kind": one.kind, "subject": one.subject, "text": one.text, "hint": one.hint, "since": one.at}
        for one in bulletin.notices
    ]
    document = {
        "type": "mcsyncd.bulletin",
        "timestamp": bulletin.at,
        "data": {"host": socket.gethostname(), "notices": notices, "more": bulletin.more},
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def sign_webhook(key: bytes, message_id: str, sent_at_s: int, body: bytes) -> str:
    """Return the signature of a try: HMAC-SHA256 over `id.timestamp.body`, in base64 after `v1,`."""
    signed = f"{message_id}.{sent_at_s}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def post_webhook(
    url: str,
    key: bytes,
    bulletin: Bulletin,
    *,
    limit_s: float = _LIMIT_S,
) -> None:
    """Post a bulletin once. Raises NotDelivered unless the receiver answers with a status from 200 to 299."""
    body, sent_at_s = build_webhook_body(bulletin), int(time.time())
    headers = {
        "Content-Type": "application/json",
        "User-Agent": f"mcsyncd/{__version__}",
        "webhook-id": bulletin.id,
        "webhook-timestamp": str(sent_at_s),
        "webhook-signature": sign_webhook(key, bulletin.id, sent_at_s, body),
    }
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection = _build_connection(url, limit_s)
    try:
        with closing(connection):
            connection.connect()
            with _limit_time(connection.sock, limit_s):
                connection.request("POST", target, body, headers)
                with connection.getresponse() as answer:
                    if not 200 <= answer.status < 300:
                        raise _build_refusal(answer, time.time())
    except (OSError, http.client.HTTPException) as error:
        why = escape_text(str(error) or type(error).__name__)
        raise NotDelivered(
            f"{parts.netloc} did not take the notification: {why}",
            "see whether it runs and can be reached from here; it is tried again by itself",
        ) from error


@contextmanager
def _limit_time(connected: socket.socket, limit_s: float) -> Iterator[None]:
    """End what is done inside after `limit_s`: a read has a limit of its own, and may come byte by byte.

    Raises TimeoutError.
    """
    late = threading.Event()

    def cut_off() -> None:
        late.set()
        with suppress(OSError):
            connected.shutdown(socket.SHUT_RDWR)

    deadline = threading.Timer(limit_s, cut_off)
    deadline.daemon = True
    deadline.start()
    try:
        yield
    except (OSError, http.client.HTTPException) as error:
        if late.is_set() or isinstance(error, TimeoutError):
            raise TimeoutError(f"no answer within {limit_s:g} s") from error
        raise
    finally:
        deadline.cancel()


def _build_connection(url: str, limit_s: float) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    assert parts.hostname is not None
    if parts.scheme == "https":
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(parts.hostname, parts.port, timeout=limit_s, context=context)
    return http.client.HTTPConnection(parts.hostname, parts.port, timeout=limit_s)


def _build_refusal(answer: http.client.HTTPResponse, now_s: float) -> NotDelivered:
    said = answer.read(_MAX_ANSWER_BYTES).decode("utf-8", "replace").strip()
    first = f" ({escape_text(said, _SHOWN_CHARACTERS)})" if said else ""
    if 300 <= answer.status < 400:
        hint = "redirects are not followed: set the address that it leads to in notifications.to"
    elif answer.status in {401, 403}:
        hint = "its WEBHOOK_SECRET must be that of the credential, and both clocks must be right"
    else:
        hint = "see the receiver's own log; it is tried again by itself"
    asked_s = parse_retry_after(answer.headers.get("Retry-After", ""), now_s)
    return NotDelivered(f"the receiver answered {answer.status}{first}", hint, asked_s)


def parse_retry_after(value: str, now_s: float) -> float:
    """Return the seconds that a `Retry-After` asks for (RFC 9110, 10.2.3); 0 for none, and for nonsense.

    `now_s` is the wall clock, for a date.
    """
    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - now_s)
    except (ValueError, TypeError, OverflowError):
        return 0.0
