"""A session and everything in it: cameras, clips, the evidence behind each angle, progress, errors."""

from __future__ import annotations

from typing import Literal

from mcsyncd.api.base import ApiBody
from mcsyncd.model.alignment import Disposition, Stance, SyncMethod, Witness
from mcsyncd.model.hash_check import HashAlgorithm
from mcsyncd.model.reason import ReasonCode
from mcsyncd.model.session import Stage, State

CallToAction = Literal["looks_good", "review_sync"]


class ErrorBody(ApiBody):
    """Why something failed, and the operator's next action."""

    stage: Stage
    message: str
    hint: str = ""
    retryable: bool = False
    clip: str = ""
    """The key of the clip that it is about, if it is about one: without that clip, the session can go on."""
    retry_at: str | None = None
    """When it is tried again without a person; null if it is being tried, or if a person has to act."""


class ProgressBody(ApiBody):
    """The progress of a running step.

    `done` is 0..1, by bytes or by the length of the clips. `eta_s` are the seconds left at the speed that was
    measured; null while that is not known. `count` of `total` are in `unit` (`frames`, `bytes` or
    `percent`), and `rate` is units per second. Bytes are those of the whole stage, frames those of one clip.
    """

    stage: Stage
    done: float
    eta_s: float | None = None
    subject: str = ""
    count: int = 0
    total: int = 0
    unit: str = ""
    rate: float | None = None


class HashCheckBody(ApiBody):
    """What a hash list of its card says of a clip: `hash_list` is its path below the camera's folder."""

    hash_list: str
    algorithm: HashAlgorithm
    verdict: Literal["verified", "failed"]


class ClipBody(ApiBody):
    """One clip of a camera."""

    name: str
    bytes: int
    sha256: str | None = None
    former_sha256: str | None = None
    """The hash of what a person let this file replace (resync, retry); null where nothing was replaced."""
    duration_s: float | None = None
    offset_ms: float | None = None
    warnings: list[str] = []
    original: str = ""
    """Where the original is, below the work folder; empty while it is in its drop folder, or once deleted."""
    disposition: Disposition | None = None
    """What becomes of it; null before the sync, and while a person has to decide."""
    disposition_reason: str = ""
    """Why a person took it off the timeline."""
    confidence: float | None = None
    """The machine's chance that its own offset of this clip is right; null where it has none."""
    fault: str = ""
    """Why the clip cannot be read; empty for one that can."""
    fault_hint: str = ""
    """What to do about that."""
    continues: str = ""
    """The clip whose recording this file goes on with; empty for the first file of a recording."""
    parallel_to: str = ""
    """The clip that the same device recorded at once, which gave this one its place."""
    attached: list[str] = []
    """The sidecars and second copies that are kept and published with it."""
    hash_checks: list[HashCheckBody] = []
    """What the hash lists of its card say of it; empty where none names it."""


class CameraBody(ApiBody):
    """One angle and its clips, in order."""

    label: str
    clips: list[ClipBody] = []


class CandidateBody(ApiBody):
    """An offset that would explain the sound, and its score, comparable within one angle."""

    offset_ms: float
    score: float


class PieceBody(ApiBody):
    """Part of a clip that was cut or lost samples, in clip time, with the offset and drift of that part."""

    clip: str
    begin_s: float
    end_s: float
    offset_ms: float
    drift_ppm: float


class ReasonBody(ApiBody):
    """Why a person is needed. `code` is for filtering, `text` for people, with the cameras' labels.

    `subject` is the key of a camera or of a clip, `others` the other cameras it names; `values` are
    measurements in the units of their names.
    """

    code: ReasonCode
    subject: str
    others: list[str] = []
    values: dict[str, float | str] = {}
    text: str


class WitnessBody(ApiBody):
    """What one witness says of a clip's offset, beside a clip of camera `beside`, with its standard error.

    `stance` is what that means for the offset that was chosen.
    """

    kind: Witness
    clip: str
    beside: str
    offset_ms: float
    error_ms: float
    stance: Stance


class AngleBody(ApiBody):
    """The evidence behind one angle's offset.

    `strip` is the correlation around the offset, for display: values of 0..1, `strip_step_ms` apart,
    the middle one at the machine's offset.
    """

    confidence: float
    reasons: list[ReasonBody] = []
    candidates: list[CandidateBody] = []
    witnesses: list[WitnessBody] = []
    overlap_s: float = 0.0
    residual_ms: float | None = None
    strip: list[float] = []
    strip_step_ms: float = 0.0
    error_ms: float | None = None
    drift_error_ppm: float | None = None
    pieces: list[PieceBody] = []


class HandSetBody(ApiBody):
    """An offset that a person set: of one clip, or of all clips of a camera (`clip` is empty).

    `solved_ms` is where the machine had it, null for nowhere, and `solved_confidence` how sure it was.
    """

    camera: str
    clip: str = ""
    offset_ms: float
    solved_ms: float | None = None
    solved_confidence: float | None = None
    by: str
    at: str


class ReopenedBody(ApiBody):
    """Who (null: the daemon) sent a decided session back to review, when and why."""

    by: str | None = None
    at: str
    reason: str


class CopyBody(ApiBody):
    """What one store holds of a session, the main store first.

    `state` is `behind` while it lacks something, then `published`; `safe` once all of it was read back and
    was right; `damaged` if something was not; `halted` if it gets nothing more, and `message` says why.
    `objects` are those that are published, of which it has `stored`, and `read_back` were right.
    """

    store: str
    state: Literal["behind", "published", "safe", "damaged", "halted"]
    objects: int
    stored: int
    read_back: int
    message: str = ""
    hint: str = ""


class SessionBody(ApiBody):
    """One session, as the CLI and the terminal app see it."""

    id: str
    state: State
    revision: int
    call_to_action: CallToAction | None = None
    sync_confidence: float | None = None
    sync_method: SyncMethod | None = None
    offsets_ms: dict[str, float | None] = {}
    drift_ppm: dict[str, float] = {}
    reasons: list[ReasonBody] = []
    rate: str | None = None
    cameras: dict[str, CameraBody] = {}
    approved_by: str | None = None
    approved_at: str | None = None
    error: ErrorBody | None = None
    progress: ProgressBody | None = None
    reference: str | None = None
    angles: dict[str, AngleBody] = {}
    duration_s: float | None = None
    opened_at: str = ""
    claimed_by: str | None = None
    manifest_key: str | None = None
    left_out: dict[str, str] = {}
    """Files that were left out when the session was sealed, as `CAMERA/NAME`, and why."""
    left_behind: dict[str, str] = {}
    """Files that were copied but could not be removed from their drop folder, and why."""
    hand_set: list[HandSetBody] = []
    """The offsets that are not the machine's own."""
    reopened: ReopenedBody | None = None
    """Why it is in review again; null once it is decided."""
    originals_taken: bool = False
    """Whether the originals are in the work folder, and not in the drop folders or returned."""
    copies: list[CopyBody] = []
    """What the stores hold of it, once it is published."""
    is_safe: bool = False
    """Whether as many stores as `min_copies` have been read back, byte by byte, and were right."""


class SessionsBody(ApiBody):
    """A page of the sessions, newest first.

    `next_before` is what to send as `before` for the next page; null on the last one.
    """

    sessions: list[SessionBody]
    next_before: str | None = None
