"""The settings that a sysadmin writes in one YAML file. Frozen; unknown keys are rejected.

The docstrings below each field are the descriptions in `mcsyncd config schema`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    BeforeValidator,
    Field,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from mcsyncd.errors import UsageError
from mcsyncd.model.clip import Camera, CameraKind
from mcsyncd.model.rate import Rate
from mcsyncd.settings.job_limits import JobLimitSettings
from mcsyncd.settings.notifications import NotificationSettings
from mcsyncd.settings.part import Seconds, SettingsPart
from mcsyncd.settings.stores import RetentionSettings, Storage, Stores, UploadSettings, VerificationSettings
from mcsyncd.settings.workers import ProcessWorkers, Workers

DEFAULT_PROFILES = ("mezz-h264", "proxy-540p")
"""The mezzanine and the proxy profile that a session gets unless the settings name others."""

_CAMERA_KEY = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
"""A camera's key is a folder name and part of every object key and of the manifest: safe in a path, a URL
and a shell without quoting. Judgement: 32 characters, which still fit one line of a terminal."""


def _parse_grid_rate(value: object) -> object:
    if value == "auto":
        return None
    try:
        return Rate.parse(str(value))
    except (ValueError, ZeroDivisionError):
        raise ValueError("write auto, a rate such as 25 or 29.97, or a fraction such as 30000/1001") from None


GridRate = Annotated[
    Rate | None,
    BeforeValidator(_parse_grid_rate),
    WithJsonSchema({"type": ["string", "number"], "examples": ["auto", "25", "30000/1001"]}),
]


_NO_CLIP_SUFFIXES = {
    **dict.fromkeys((".lrv", ".lrf"), "a camera's small copy of a clip, which is kept with the clip"),
    **dict.fromkeys(
        (".xml", ".thm", ".srt", ".xmp", ".mhl", ".md5"), "a file beside clips, which is kept with them"
    ),
    **dict.fromkeys((".part", ".partial", ".tmp", ".download"), "an unfinished copy"),
}
"""Suffixes that cannot be those of clips, and why: what has one would sync with itself, or be taken half."""


def _parse_suffix(value: object) -> object:
    if isinstance(value, str) and re.fullmatch(r"\.[A-Za-z0-9]{1,8}", value):
        return value.lower()
    raise ValueError("write a suffix with its dot, such as .mxv: up to 8 letters and digits")


ClipSuffix = Annotated[
    str,
    BeforeValidator(_parse_suffix),
    WithJsonSchema({"type": "string", "pattern": r"^\.[A-Za-z0-9]{1,8}$", "examples": [".mxv"]}),
]


class PathSettings(SettingsPart):
    """Folders. Relative paths are relative to the settings file."""

    drop: Path
    """Holds one folder for each camera."""
    work: Path
    """Holds the sealed originals, mezzanines, proxies and peaks."""
    state: Path
    """Holds the ledger. Must not be on a network filesystem."""


class CameraSettings(SettingsPart):
    """One camera; its key is the name of its drop folder."""

    label: str = Field(min_length=1, max_length=40)
    """The name that people see."""
    reference: bool = False
    """The session clock is this camera's clock. At most one; without it, the first camera's."""
    kind: CameraKind = "picture"
    """sound: a recorder, whose clips have no picture. Elsewhere, a missing picture asks for a review."""


class IngestSettings(SettingsPart):
    """When a file is complete and when a session is."""

    watch: Literal["auto", "poll"] = "auto"
    """auto: kernel events trigger a scan; poll: periodic scans only, for network shares."""
    settle: Seconds = 5.0
    """How long a file must be unchanged to be complete."""
    settle_network: Seconds = 30.0
    """The same on a network filesystem."""
    quiet: Seconds = 10.0
    """How long all drop folders must be unchanged before a complete session is sealed."""
    suffixes: tuple[ClipSuffix, ...] = ()
    """Further suffixes of clips, such as .mxv. Probe must be able to read what is in them."""

    @field_validator("suffixes")
    @classmethod
    def _check_suffixes(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for suffix in value:
            if suffix in _NO_CLIP_SUFFIXES:
                raise ValueError(f"{suffix}: {_NO_CLIP_SUFFIXES[suffix]}")
        return value


class ProfileSettings(SettingsPart):
    """Which profiles conform uses."""

    directory: Path
    """Holds the profiles, as NAME.yaml."""
    mezzanine: str = DEFAULT_PROFILES[0]
    """Profile of the mezzanine, which later phases render from."""
    proxy: str = DEFAULT_PROFILES[1]
    """Profile of the proxy, which people scrub."""
    rate: GridRate = None
    """The session's frame rate: a rate, or auto for the reference camera's own."""


class ConformSettings(SettingsPart):
    """When mezzanines and proxies are made."""

    when: Literal["confident", "approved", "always"] = "confident"
    """confident: right after a sync at or above `review_below`, else after approval."""


NAME_APPROVERS_HINT = "name users or groups under review.approvers in the settings, then reload"
"""The next action where the settings name nobody who may decide."""


class Approvers(SettingsPart):
    """Who may decide. The kernel identifies the caller; groups are looked up at each decision.

    With nobody named, nobody may decide.
    """

    groups: tuple[str, ...] = ()
    """Unix groups whose members may decide."""
    users: tuple[str, ...] = ()
    """Unix users who may decide. The daemon's own user and root decide only if they are listed here."""
    daemon_user: bool = False
    """The user who runs the daemon may decide. Only to try it out: what takes over the daemon can approve."""
    never: tuple[str, ...] = ()
    """Unix users who may only look, whatever groups they are in: one that serves the app to browsers."""

    @model_validator(mode="after")
    def _check_nobody_is_both(self) -> Approvers:
        if both := sorted(set(self.users) & set(self.never)):
            raise ValueError(f"{', '.join(both)} stands under users and under never (keep one)")
        return self

    @property
    def names_nobody(self) -> bool:
        """Whether nobody at all may decide."""
        return not (self.groups or self.users or self.daemon_user)


class ReviewSettings(SettingsPart):
    """Review policy."""

    review_below: float = Field(default=0.85, ge=0.0, le=1.0)
    """Below this confidence the button is Review Sync."""
    approvers: Approvers = Approvers()
    """Who may approve, reject, nudge and reopen."""


class LedgerSettings(SettingsPart):
    """Copies of the ledger, made once a day and before each change of its schema, and its exports."""

    backups: int = Field(default=7, ge=1, le=1000)
    """How many daily copies are kept."""
    backup_dir: Path | None = None
    """Folder of the copies, best on another disk; by default `backups` in the state folder."""
    signing_key: Path | None = None
    """OpenSSH key that signs what `mcsyncd log --export` writes; by default exports are not signed."""


class Settings(SettingsPart):
    """The whole settings file."""

    paths: PathSettings
    socket: Path
    """The Unix socket of the API."""
    cameras: dict[str, CameraSettings] = Field(min_length=2)
    """Two or more cameras; the key is the name of the drop folder."""
    ingest: IngestSettings = IngestSettings()
    profiles: ProfileSettings
    conform: ConformSettings = ConformSettings()
    workers: Workers = ProcessWorkers()
    """Who encodes: this machine, or several."""
    limits: JobLimitSettings = JobLimitSettings()
    review: ReviewSettings = ReviewSettings()
    stores: Stores = Field(alias="storage")
    """The store that sessions are published to, or a list of stores: the first is the one that is read."""
    min_copies: int = Field(default=1, ge=1)
    """In how many stores a session must have been read back, byte by byte, to be safe."""
    uploads: UploadSettings = UploadSettings()
    verification: VerificationSettings = VerificationSettings()
    retention: RetentionSettings = RetentionSettings()
    ledger: LedgerSettings = LedgerSettings()
    notifications: NotificationSettings = NotificationSettings()

    @field_validator("cameras")
    @classmethod
    def _check_camera_keys(cls, value: dict[str, CameraSettings]) -> dict[str, CameraSettings]:
        for key in value:
            if not _CAMERA_KEY.fullmatch(key):
                raise ValueError(
                    f"{key!r}: a camera's key is up to 32 of a-z, 0-9, - and _, the first not - or _"
                )
        if sum(camera.reference for camera in value.values()) > 1:
            raise ValueError("only one camera can be the reference")
        return value

    @model_validator(mode="after")
    def _check_folders_apart(self) -> Settings:
        work, drop = self.paths.work.absolute(), self.paths.drop.absolute()
        if work == drop or work.is_relative_to(drop):
            raise ValueError("paths.work must not be inside paths.drop: it would be offloaded as a card")
        return self

    @model_validator(mode="after")
    def _check_stores(self) -> Settings:
        names = [store.key for store in self.stores]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise ValueError(f"two stores are called {twice} (give each a name)")
        if self.min_copies > len(names):
            raise ValueError(f"min_copies is {self.min_copies}, but storage has {len(names)} (name more)")
        return self

    @property
    def storage(self) -> Storage:
        """The main store: what it has is published, and readers use it."""
        return self.stores[0]

    @property
    def further_stores(self) -> tuple[str, ...]:
        """The names of the others, in the order of the file."""
        return tuple(store.key for store in self.stores[1:])

    def find_store(self, name: str) -> Storage:
        """Return the store of that name; the main one for an empty name. Raises UsageError."""
        found = next((store for store in self.stores if not name or store.key == name), None)
        if found is None:
            known = ", ".join(store.key for store in self.stores)
            raise UsageError(f"there is no store {name!r}", f"the settings name {known}")
        return found

    def name_store(self, storage: Storage) -> str:
        """Return what the ledger calls a store: nothing for the main one."""
        return "" if storage == self.storage else storage.key

    @property
    def backup_folder(self) -> Path:
        """The folder of the ledger's daily copies."""
        return self.ledger.backup_dir or self.paths.state / "backups"

    @property
    def angles(self) -> tuple[Camera, ...]:
        """The cameras as the model's values, in the order of the file."""
        return tuple(
            Camera(key, camera.label, camera.reference, camera.kind) for key, camera in self.cameras.items()
        )


def build_json_schema() -> dict[str, object]:
    """Return the JSON Schema of the settings file, for editors."""
    schema = Settings.model_json_schema()
    return (
        {"$schema": "https://json-schema.org/draft/2020-12/schema"} | schema | {"title": "mcsyncd settings"}
    )
