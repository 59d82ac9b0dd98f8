"""A bulletin by way of apprise (the extra `mcsyncd[apprise]`), which knows mail, chats and phones."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from mcsyncd.model.notice import Bulletin
from mcsyncd.notify.delivery import NotDelivered

if TYPE_CHECKING:
    from apprise import Apprise

# ruff: noqa: PLC0415  # the library takes a second to load, and most installations have none


def require_apprise_service(url: str) -> None:
    """Raise NotDelivered if apprise is not here, or knows no service at that address, which is a secret."""
    _open_service(url)


def send_by_apprise(url: str, bulletin: Bulletin) -> None:
    """Send a bulletin as text. Raises NotDelivered; what the service said, apprise does not tell."""
    service, (title, text) = _open_service(url), format_bulletin(bulletin)
    try:
        was_taken = service.notify(title=title, body=text, body_format="text")
    except Exception as error:  # noqa: BLE001  # what it says may contain the address
        raise NotDelivered(
            f"apprise failed: {type(error).__name__}", "see apprise's documentation of that service"
        ) from None
    if not was_taken:
        raise NotDelivered(
            "the service did not take the notification",
            "see whether it can be reached and its address still holds; it is tried again by itself",
        )


def format_bulletin(bulletin: Bulletin) -> tuple[str, str]:
    """Return the title and the lines that people read."""
    count = len(bulletin.notices) + bulletin.more
    title = f"mcsyncd: {bulletin.notices[0].text}" if count == 1 else f"mcsyncd: {count} notices"
    lines = [f"{one.text}\n  → {one.hint}" if one.hint else one.text for one in bulletin.notices]
    more = [f"… and {bulletin.more} more"] if bulletin.more else []
    return title, "\n".join([*lines, *more])


def _open_service(url: str) -> Apprise:
    try:
        from apprise import Apprise
    except ImportError as error:
        raise NotDelivered("apprise is not installed", "pip install 'mcsyncd[apprise]'") from error
    logging.getLogger("apprise").disabled = True  # it writes addresses into the log, with their secrets
    service = Apprise()
    if not service.add(url):
        raise NotDelivered(
            "the credential's APPRISE_URL is no address that apprise knows",
            "see apprise's documentation for the address of the service",
        )
    return service
