"""Where sessions are published to, and what uploads may take: sections of the settings file."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from mcsyncd.model.timetable import Timetable, parse_timetable
from mcsyncd.model.upload_limits import UploadLimits
from mcsyncd.settings.part import Bytes, SettingsPart

Origin = Annotated[
    str,
    Field(
        pattern=r"^https?://[a-z0-9.-]+(:[0-9]{1,5})?$",
        examples=["https://edit.example.org"],
    ),
]
"""An origin as browsers send it (RFC 6454): no path, no wildcard, lower case."""

StoreName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$", examples=["nas"])]
"""What commands and the ledger call a store; it is part of file names."""


class NamedStorage(SettingsPart):
    """What every store has."""

    kind: str
    name: StoreName | None = None
    """What commands and the ledger call it, by default its kind. Keep it once something is stored there."""

    @property
    def key(self) -> str:
        """Its name, or its kind."""
        return self.name or self.kind


class LocalStorage(NamedStorage):
    """Publishes to a folder, under the same keys as in a bucket."""

    kind: Literal["local"]
    path: Path
    """The folder to publish to."""

    @property
    def label(self) -> str:
        """What people call it."""
        return str(self.path)


class R2Storage(NamedStorage):
    """Publishes to a Cloudflare R2 bucket. The access key is a systemd credential, never a setting."""

    kind: Literal["r2"]
    account_id: str = Field(pattern=r"^[0-9a-f]{32}$")
    """Cloudflare account ID: 32 hexadecimal digits."""
    bucket: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$")
    """Bucket name."""
    jurisdiction: Literal["default", "eu", "fedramp", "us"] = "default"
    """Jurisdiction that the bucket was created in; it cannot change."""
    credentials: str = Field(default="r2", pattern=r"^[A-Za-z0-9_.-]+$")
    """Name of the systemd credential that holds the access key."""
    share_credentials: str = Field(default="r2-read", pattern=r"^[A-Za-z0-9_.-]+$")
    """Name of the systemd credential with the read-only key that `mcsyncd share` signs with."""
    cors_origins: tuple[Origin, ...] = ()
    """Pages that may play from the bucket, by origin: `https://edit.example.org`. For `storage apply`."""
    endpoint: str | None = None
    """Another S3 endpoint, on the loopback interface only; for tests."""
    ca_file: Path | None = None
    """PEM file of the authority that vouches for an `endpoint` with https, instead of the usual ones."""

    @property
    def label(self) -> str:
        """What people call it."""
        return f"bucket {self.bucket}"

    @field_validator("endpoint")
    @classmethod
    def _check_loopback(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"https?://(127\.0\.0\.1|localhost):\d+", value):
            raise ValueError("must be a loopback endpoint such as http://127.0.0.1:8333")
        return value

    @model_validator(mode="after")
    def _check_ca_file(self) -> R2Storage:
        if self.ca_file is not None and not (self.endpoint or "").startswith("https:"):
            raise ValueError("ca_file needs an endpoint with https")
        return self


Storage = Annotated[LocalStorage | R2Storage, Field(discriminator="kind")]


def _accept_one_store(value: object) -> object:
    return value if isinstance(value, list | tuple) else (value,)


_StoreList = Annotated[tuple[Storage, ...], Field(min_length=1, max_length=8)]
Stores = Annotated[
    _StoreList, BeforeValidator(_accept_one_store, json_schema_input_type=Storage | _StoreList)
]
"""One store or a list of them. The first is the main one: what it has is published, and readers use it."""


class VerificationSettings(SettingsPart):
    """How the daemon makes sure, by itself, that the stores hold what was sent to them."""

    read_back: bool = True
    """Every object is read back once after it was published. Without it, no session is ever safe."""
    again_after_days: int = Field(default=365, ge=0, le=3650)
    """After how many days it is read back again: all of it goes over the line in that time. 0 is never."""
    survey_after_days: int = Field(default=7, ge=0, le=3650)
    """After how many days each store is listed and compared with the ledger; 0 is never."""


class RetentionSettings(SettingsPart):
    """When originals are removed from the work folder. By default they never are."""

    originals_after_days: int | None = Field(default=None, ge=1, le=36500)
    """Days after the approval from which the originals of a safe session go to its trash."""
    trash_days: int = Field(default=14, ge=1, le=3650)
    """Days that they stay there before they are deleted."""


class GuardSettings(SettingsPart):
    """Limits before which uploads to a bucket wait, with an alert. By the ledger and the price table."""

    stored: Bytes | None = None
    """How much the bucket may hold: `10TB`."""
    class_a_a_day: int | None = Field(default=None, ge=0)
    """How many Class A operations uploads may make in a day (UTC)."""
    month_usd: float | None = Field(default=None, ge=0)
    """What a month may cost, in US dollars, by the price table of this version."""

    @property
    def limits(self) -> UploadLimits:
        """The limits as a value."""
        month_usd = None if self.month_usd is None else Decimal(str(self.month_usd))
        return UploadLimits(self.stored, self.class_a_a_day, month_usd)


class UploadSettings(SettingsPart):
    """What all uploads to buckets together may take of the line. Local folders are not limited."""

    bandwidth: tuple[str, ...] = ("full",)
    """Rates by local time of day: `["07:00-19:00 4Mbit", "19:00-07:00 full"]`, or one; `0` sends nothing."""

    guards: GuardSettings = GuardSettings()

    publisher: Path | None = None
    """The socket of `mcsyncd publisher`, which then asks the stores: the daemon needs no network, no key."""

    @field_validator("bandwidth", mode="before")
    @classmethod
    def _accept_one_rate(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value

    @field_validator("bandwidth")
    @classmethod
    def _check_timetable(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        parse_timetable(value)
        return value

    @property
    def timetable(self) -> Timetable:
        """The rates as the model's value."""
        return parse_timetable(self.bandwidth)
