"""Who is told what happens: a section of the settings file. Secrets are systemd credentials."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from mcsyncd.model.notice import NOTICE_KINDS, NoticeKind
from mcsyncd.model.timetable import HoursOfDay, parse_hours
from mcsyncd.settings.part import Bytes, Seconds, SettingsPart

_WEBHOOK_URL = re.compile(
    r"https://[A-Za-z0-9.-]+(:\d{1,5})?(/[!-~]*)?"
    r"|http://(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?(/[!-~]*)?"
)
"""https anywhere, http on the loopback alone; no user and no password, which are secrets."""

ReceiverName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$", examples=["ops"])]
"""What commands call a receiver; it is part of a file name."""
CredentialName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+$")]


class NamedReceiver(SettingsPart):
    """Somebody who gets notifications, and how."""

    kind: str
    name: ReceiverName | None = None
    """What commands call it, by default its kind. Under another name it begins anew."""

    @property
    def key(self) -> str:
        """Its name, or its kind."""
        return self.name or self.kind


class WebhookReceiver(NamedReceiver):
    """Posts JSON to an address of yours, signed as the Standard Webhooks specification says."""

    kind: Literal["webhook"]
    url: str = Field(examples=["https://ops.example.org/mcsyncd"])
    """Where to post. https, unless it is on the loopback."""
    credential: CredentialName = "webhook"
    """Name of the systemd credential with the signing secret: a line WEBHOOK_SECRET=whsec_…"""

    @field_validator("url")
    @classmethod
    def _check_url(cls, value: str) -> str:
        if not _WEBHOOK_URL.fullmatch(value):
            raise ValueError("must be an https address without user and password, or http on the loopback")
        return value


class AppriseReceiver(NamedReceiver):
    """Sends by a service that apprise knows (the extra mcsyncd[apprise]): mail, chat, a phone."""

    kind: Literal["apprise"]
    credential: CredentialName = "apprise"
    """Name of the systemd credential with the service's address: a line APPRISE_URL=…"""


NotificationReceiver = Annotated[WebhookReceiver | AppriseReceiver, Field(discriminator="kind")]


class NotificationSettings(SettingsPart):
    """Who is told what happens. Nobody, unless `to` names somebody."""

    to: tuple[NotificationReceiver, ...] = Field(default=(), max_length=8)
    """The receivers. Each gets all that is told."""
    about: tuple[NoticeKind, ...] = NOTICE_KINDS
    """What is told."""
    collect: Seconds = 120.0
    """How long notices are collected: all of that time come in one message."""
    quiet_hours: str | None = Field(default=None, examples=["22:00-07:00"])
    """Local time of day in which only failed sessions and a full disk are told; the rest comes afterwards."""
    disk_below: Bytes = 20_000_000_000
    """Free space on the disk of the work folder below which it is told."""

    @field_validator("quiet_hours")
    @classmethod
    def _check_hours(cls, value: str | None) -> str | None:
        if value is not None:
            parse_hours(value)
        return value

    @model_validator(mode="after")
    def _check_names(self) -> NotificationSettings:
        keys = [receiver.key for receiver in self.to]
        if twice := next((key for key in keys if keys.count(key) > 1), None):
            raise ValueError(f"two receivers are called {twice} (give each a name)")
        return self

    @property
    def hours(self) -> HoursOfDay | None:
        """The quiet hours as a value; None if there are none."""
        return None if self.quiet_hours is None else parse_hours(self.quiet_hours)

    def find_receiver(self, key: str) -> NotificationReceiver | None:
        """Return the receiver of that name, or None."""
        return next((receiver for receiver in self.to if receiver.key == key), None)
