"""What the daemon is doing: folders, workers, storage."""

from __future__ import annotations

from typing import Literal

from mcsyncd.api.base import ApiBody
from mcsyncd.api.sessions import ProgressBody
from mcsyncd.model.session import Stage, State


class PendingFileBody(ApiBody):
    """A file in a drop folder that is not offloaded yet, and why."""

    name: str
    bytes: int
    state: Literal["settling", "settled", "taken", "waiting", "incomplete", "ignored", "refused"]
    note: str = ""


class FolderBody(ApiBody):
    """One watched drop folder. `health` is `ok`, or says what is wrong."""

    path: str
    label: str
    health: str
    settling: list[PendingFileBody] = []


class WorkerBody(ApiBody):
    """One running job."""

    stage: Stage
    session: str
    subject: str
    pid: int | None = None
    progress: ProgressBody | None = None


class StorageBody(ApiBody):
    """A store that publish writes to; of the main one, also the free space of the work disk.

    `health` is `ok`, or says what is wrong. While uploads wait, `uploads` tells why, `since` from when
    on (UTC) and `next_try_at` until when; `hint` is the next action.
    """

    kind: Literal["local", "r2"]
    name: str = ""
    target: str
    health: str
    uploads: Literal["open", "unreachable", "refused", "paused", "off_hours"] = "open"
    since: str | None = None
    next_try_at: str | None = None
    paused_by: str = ""
    hint: str = ""
    work_free_bytes: int | None
    """Null until the disk of the work folder has answered for the first time."""


AlertCode = Literal[
    "nobody_may_decide",
    "ledger_damaged",
    "ledger_unwritable",
    "scan_stuck",
    "backup_failed",
    "snapshot_failed",
    "session_waits",
    "store_unreachable",
    "store_refused",
    "uploads_paused",
    "upload_limit",
    "original_faulty",
    "object_damaged",
    "copy_halted",
    "store_faulty",
    "publisher_silent",
    "cluster_unreachable",
    "machine_rejected",
    "notifications_failing",
]


class AlertBody(ApiBody):
    """Something that is wrong with the daemon as a whole, for as long as it is.

    With the level `error`, something does not work at all until a person acts. `message` says what is
    wrong, `hint` the next action; `since` when it began and `retry_at` when it is tried again (UTC).
    """

    code: AlertCode
    level: Literal["warning", "error"]
    message: str
    hint: str = ""
    since: str | None = None
    retry_at: str | None = None


class LedgerBody(ApiBody):
    """The ledger and its check, which begins at the start and goes on while the daemon works.

    `faults` are the first of those found. `last_backup` is the newest daily copy.
    """

    check: Literal["running", "ok", "faulty"] = "ok"
    checked_events: int = 0
    faults: list[str] = []
    can_be_written: bool = True
    last_backup: str | None = None


class MachineBody(ApiBody):
    """A machine that offers itself for encoding. One that is not `accepted` gets no work, for `reason`.

    `running` has one entry for each segment that it encodes, of whichever daemon: the clip that it is of.
    """

    name: str
    address: str
    slots: int
    accepted: bool
    reason: str = ""
    hint: str = ""
    running: list[str] = []


class ClusterBody(ApiBody):
    """The machines that encode besides this one. `health` is `ok`, or says why none could be asked."""

    scheduler: str
    health: str
    machines: list[MachineBody] = []


class StatusBody(ApiBody):
    """What the daemon is doing."""

    version: str
    pid: int
    host: str
    started_at: str
    review_below: float
    folders: dict[str, FolderBody]
    unknown_folders: list[str] = []
    loose_files: list[str] = []
    """Files beside the camera folders: nobody knows which camera they are from."""
    held: list[str] = []
    """The files that hold the seal of the collecting session, as `CAMERA/NAME`."""
    sessions: dict[State, int]
    storage: StorageBody
    further_stores: list[StorageBody] = []
    """The stores that get copies; of the disk of the work folder they say nothing."""
    workers: list[WorkerBody]
    worker_slots: int
    free_slots: int
    """Slots in which no job runs. With those of `workers` they are all: one more or less is a fault."""
    cluster: ClusterBody | None = None
    """Null while this machine encodes alone."""
    publisher: str | None = None
    """`ok`, or why what asks the stores does not answer; null where the daemon asks them itself."""
    you: str = ""
    may_approve: bool = False
    alerts: list[AlertBody] = []
    ledger: LedgerBody = LedgerBody()


class UploadsRequest(ApiBody):
    """Stop or continue the uploads of all sessions."""

    action: Literal["pause", "resume"]


class ReloadBody(ApiBody):
    """The result of a reload. `problems` is empty when the new settings are in force."""

    reloaded: bool
    problems: list[str] = []
