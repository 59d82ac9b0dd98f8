"""The settings: what a sysadmin writes in one YAML file. Frozen, unknown keys refused."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from mcsyncd.model.clip import Camera
from mcsyncd.model.rate import Rate

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h)")
_SECONDS_PER_UNIT = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_CAMERA_KEY = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")


def _parse_duration(value: object) -> object:
    if isinstance(value, str) and (found := _DURATION.fullmatch(value.strip())):
        return float(found[1]) * _SECONDS_PER_UNIT[found[2]]
    raise ValueError("write a duration with its unit: 500ms, 5s, 10m or 1h")


def _parse_grid_rate(value: object) -> object:
    if value == "auto":
        return None
    try:
        return Rate.parse(str(value))
    except (ValueError, ZeroDivisionError):
        raise ValueError("write auto, a rate such as 25 or 29.97, or a fraction such as 30000/1001") from None


Seconds = Annotated[
    float,
    BeforeValidator(_parse_duration),
    Field(ge=0),
    WithJsonSchema({"type": "string", "pattern": r"^\d+(\.\d+)?\s*(ms|s|m|h)$", "examples": ["5s"]}),
]
GridRate = Annotated[
    Rate | None,
    BeforeValidator(_parse_grid_rate),
    WithJsonSchema({"type": ["string", "number"], "examples": ["auto", "25", "30000/1001"]}),
]


class SettingsPart(BaseModel):
    """A part of the settings is a value; its attribute docstrings feed the JSON Schema."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, arbitrary_types_allowed=True
    )


class Paths(SettingsPart):
    """Folders. Relative ones are relative to the settings file."""

    drop: Path
    """Holds one folder for each camera."""
    work: Path
    """Originals taken in, mezzanines, proxies, peaks."""
    state: Path
    """The ledger. Never on a network filesystem."""


class CameraSettings(SettingsPart):
    """One angle; the key it stands under is the name of its drop folder."""

    label: str = Field(min_length=1, max_length=40)
    """What a person calls the camera."""
    reference: bool = False
    """The session clock is this camera's. At most one; without it, the first."""


class Ingest(SettingsPart):
    """When a file counts as complete and a session as whole."""

    watch: Literal["auto", "poll"] = "auto"
    """auto: the kernel wakes the scan; poll: scan alone, for network shares."""
    settle: Seconds = 5.0
    """How long a file must not have changed."""
    settle_network: Seconds = 30.0
    """The same on a network filesystem."""
    quiet: Seconds = 10.0
    """How long all drop folders must be quiet before a complete session is sealed."""


class Profiles(SettingsPart):
    """Which profiles are applied."""

    directory: Path
    """Holds the profile files, NAME.yaml each."""
    mezzanine: str = "mezz-h264"
    """Profile of the file that later phases render from."""
    proxy: str = "proxy-540p"
    """Profile of the file that people scrub."""
    rate: GridRate = None
    """auto: the reference camera's true rate; or a rate."""


class ConformSettings(SettingsPart):
    """When mezzanine and proxy are made."""

    when: Literal["confident", "approved", "always"] = "confident"
    """confident: at once after a sync above the threshold, else after approval."""


class Approvers(SettingsPart):
    """Who may decide, by the kernel's word on who is calling. Looked up when the decision is made."""

    groups: tuple[str, ...] = ()
    """Members of these groups."""
    users: tuple[str, ...] = ()
    """These users, by name."""


class Review(SettingsPart):
    """Policy of the review."""

    review_below: float = Field(default=0.85, ge=0.0, le=1.0)
    """Below this confidence a person is asked to look closer."""
    approvers: Approvers = Approvers()
    """Who may approve, reject, nudge and reopen."""


class LocalStorage(SettingsPart):
    """A folder with the same keys as a bucket."""

    kind: Literal["local"]
    path: Path
    """The folder."""


class R2Storage(SettingsPart):
    """A Cloudflare R2 bucket. The keys are a credential, never here."""

    kind: Literal["r2"]
    account_id: str = Field(pattern=r"^[0-9a-f]{32}$")
    """The account's id, 32 hexadecimal digits."""
    bucket: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$")
    """The bucket's name."""
    jurisdiction: Literal["default", "eu", "fedramp", "us"] = "default"
    """Where the bucket was made; fixed for its life."""
    credentials: str = Field(default="r2", pattern=r"^[A-Za-z0-9_.-]+$")
    """Name of the systemd credential with the access key."""
    endpoint: str | None = None
    """Another S3 endpoint: only on the loopback, for tests."""

    @field_validator("endpoint")
    @classmethod
    def _check_loopback(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"http://(127\.0\.0\.1|localhost):\d+", value):
            raise ValueError("only a loopback endpoint such as http://127.0.0.1:8333 may be named")
        return value


Storage = Annotated[LocalStorage | R2Storage, Field(discriminator="kind")]


class Settings(SettingsPart):
    """Everything in the settings file."""

    paths: Paths
    socket: Path
    """The Unix socket of the API."""
    cameras: dict[str, CameraSettings] = Field(min_length=2)
    """Two or more; the key is the name of the drop folder."""
    ingest: Ingest = Ingest()
    profiles: Profiles
    conform: ConformSettings = ConformSettings()
    review: Review = Review()
    storage: Storage

    @field_validator("cameras")
    @classmethod
    def _check_camera_keys(cls, value: dict[str, CameraSettings]) -> dict[str, CameraSettings]:
        for key in value:
            if not _CAMERA_KEY.fullmatch(key):
                raise ValueError(f"{key!r}: a camera's key is a folder name of a-z, 0-9, - and _, up to 32")
        if sum(camera.reference for camera in value.values()) > 1:
            raise ValueError("only one camera can be the reference")
        return value

    @model_validator(mode="after")
    def _check_folders_apart(self) -> Settings:
        work, drop = self.paths.work.absolute(), self.paths.drop.absolute()
        if work == drop or work.is_relative_to(drop):
            raise ValueError("paths.work must not lie in paths.drop: it would be taken for a card")
        return self

    @property
    def angles(self) -> tuple[Camera, ...]:
        """The cameras as the core knows them."""
        return tuple(Camera(key, camera.label, camera.reference) for key, camera in self.cameras.items())


def build_json_schema() -> dict[str, object]:
    """Return the JSON Schema of the settings file, for editors."""
    schema = Settings.model_json_schema()
    return (
        {"$schema": "https://json-schema.org/draft/2020-12/schema"} | schema | {"title": "mcsyncd settings"}
    )
