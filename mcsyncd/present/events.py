"""The ledger's events as sentences, for `mcsyncd log` and the session screen. Pure.

The API returns the body of an event as plain JSON, and a client may be older than its daemon. So
a missing field reads as a dash, and an event of an unknown kind is shown by its name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mcsyncd.api import LogEntryBody
from mcsyncd.model.publishing import OBJECT_WORDS
from mcsyncd.model.session import State
from mcsyncd.model.text import escape_text
from mcsyncd.present.numbers import NO_VALUE, format_offset, format_percent, format_size
from mcsyncd.present.session import format_clip


def format_event(entry: LogEntryBody, labels: Mapping[str, str] | None = None) -> str:
    """Return an event as a sentence; `labels` are what people call the cameras, by key."""
    sentence = _SENTENCES.get(entry.kind)
    if sentence is None:
        return format_kind(entry.kind)
    return sentence(_EventFields(entry.body, labels or {}))


def format_kind(kind: str) -> str:
    """Return the name of a kind of event as words: `Session approved`."""
    return escape_text(kind, 40).replace("_", " ").capitalize()


def get_actor_name(entry: LogEntryBody) -> str | None:
    """Return the name of the person who did it; None for what the daemon did by itself."""
    return _EventFields(entry.body, {}).actor


@dataclass(frozen=True)
class _EventFields:
    """The fields of an event's body, each ready to be put in a sentence."""

    body: Mapping[str, object]
    labels: Mapping[str, str]

    def get(self, *path: str) -> object:
        """Return the value at a path of keys, or None."""
        value: object = self.body
        for key in path:
            value = value.get(key) if isinstance(value, Mapping) else None
        return value

    def text(self, *path: str, limit: int = 200) -> str:
        """Return a text, safe to print."""
        value = self.get(*path)
        return escape_text(str(value), limit) if value is not None else NO_VALUE

    def count(self, noun: str, *path: str) -> str:
        """Return how many there are in the list at a path of keys: `3 clips`."""
        value = self.get(*path)
        number = len(value) if isinstance(value, list) else 0
        return f"{number} {noun}" if number == 1 else f"{number} {noun}s"

    @property
    def actor(self) -> str | None:
        name = self.get("by", "name") or self.get("by")
        return escape_text(name, 60) if isinstance(name, str) else None

    @property
    def by(self) -> str:
        return f" by {self.actor}" if self.actor else ""

    @property
    def revision(self) -> str:
        return f" (revision {self.text('revision', limit=12)})"

    @property
    def reason(self) -> str:
        return f": {self.text('reason', limit=300)}" if self.get("reason") else ""

    @property
    def kept_back(self) -> str:
        """What did not go with the rest, and why."""
        left = self.get("left")
        pairs = left if isinstance(left, list) else []
        named = [f"{format_clip(str(key), self.labels)}: {escape_text(str(why), 200)}" for key, why in pairs]
        return f", but for {'; '.join(named)}" if named else ""

    @property
    def head_state(self) -> str:
        return self.text("head", "state", limit=20).replace("_", " ")

    @property
    def head_reason(self) -> str:
        return f": {self.text('head', 'reason', limit=300)}" if self.get("head", "reason") else ""

    @property
    def times(self) -> str:
        count = self.get("count")
        return f" ({count} times)" if isinstance(count, int) and count > 1 else ""

    @property
    def camera(self) -> str:
        key = self.text("camera", limit=40)
        return escape_text(self.labels.get(key, key), 40)

    @property
    def clip(self) -> str:
        key = self.get("clip")
        return format_clip(key, self.labels) if isinstance(key, str) else NO_VALUE

    @property
    def other_content(self) -> str:
        """Which hash took the place of which, where a person took a changed file for the right one."""
        former, now = self.get("former"), self.get("digest", "sha256")
        if not former or former == now:
            return ""
        return f": sha256 {self.text('digest', 'sha256')[:12]}… in place of {self.text('former')[:12]}…"

    @property
    def moved(self) -> str:
        """The one clip that was moved, or the camera whose clips moved together."""
        name = self.get("clip")
        is_one = isinstance(name, str) and name
        return format_clip(f"{self.get('camera')}/{name}", self.labels) if is_one else self.camera

    @property
    def disposition(self) -> str:
        kind = self.get("disposition")
        return escape_text(str(kind), 20).replace("_", " ") if kind else "given back to the machine"

    @property
    def offset(self) -> str:
        offset_us = self.get("offset_us")
        return format_offset(offset_us / 1000) if isinstance(offset_us, int | float) else NO_VALUE

    @property
    def confidence(self) -> str:
        value = self.get("alignment", "confidence")
        return format_percent(value if isinstance(value, int | float) else None)

    @property
    def drop_change(self) -> str:
        if self.get("files") is not None:  # the whole set, as it was recorded before
            return f"{self.count('file', 'files')} settled in the drop folders"
        gone = f"; {self.count('file', 'removed')} gone or changed" if self.get("removed") else ""
        return f"{self.count('file', 'added')} settled in the drop folders{gone}"

    @property
    def stored_object(self) -> str:
        clip, kind = self.get("object", "clip"), self.text("object", "kind", limit=20)
        word = OBJECT_WORDS.get(kind, kind)  # type: ignore[call-overload]  # a kind of a later version, too
        return f"{format_clip(clip, self.labels)}, {word}" if isinstance(clip, str) and clip else word

    @property
    def target(self) -> str:
        return f" to {self.store}" if self.get("store") else ""

    @property
    def wait(self) -> str:
        """When a job that failed is tried again, counted from the event."""
        wait_s = self.get("attempt", "wait_s")
        return f" in {wait_s:.0f} s" if isinstance(wait_s, int | float) and wait_s else ""

    @property
    def stored_size(self) -> str:
        size = self.get("object", "bytes")
        return format_size(size) if isinstance(size, int | float) else NO_VALUE

    @property
    def store(self) -> str:
        name = self.get("store")
        return escape_text(name, 40) if isinstance(name, str) and name else "the main store"

    @property
    def stores(self) -> str:
        names = self.get("stores")
        listed = ", ".join(escape_text(str(name), 40) for name in names) if isinstance(names, list) else ""
        return f"Copies go to {listed}" if listed else "No copies go to further stores"

    @property
    def read_back(self) -> str:
        kind = self.text("object_kind", limit=20)
        word = OBJECT_WORDS.get(kind, kind)  # type: ignore[call-overload]  # a kind of a later version, too
        what = f"{self.clip}, {word}" if self.get("clip") else "an object"
        if self.get("evidence", "is_right"):
            return f"Read back from {self.store}: {what} is what was stored"
        return f"DAMAGED in {self.store}: {what}: {self.text('evidence', 'message', limit=300)}"

    @property
    def survey(self) -> str:
        checked, faults = self.text("checked", limit=12), self.get("faults")
        found = f": {escape_text(str(faults[0]), 300)}" if isinstance(faults, list) and faults else ""
        number = self.text("fault_count", limit=12)
        return f"Compared {self.store} with the ledger: {checked} checked, {number} wrong{found}"

    @property
    def halt(self) -> str:
        if self.get("state") == State.REJECTED:  # it stays what it was; only its originals are not back
            return f"The originals could not be returned: {self.failure}"
        return f"{self.text('state', limit=20).capitalize()} at {self.failure}"

    @property
    def failure(self) -> str:
        return f"{self.text('failure', 'stage', limit=20)}: {self.text('failure', 'message', limit=300)}"


_SENTENCES: dict[str, Callable[[_EventFields], str]] = {
    "session_opened": lambda _: "Session opened",
    "drop_files_changed": lambda event: event.drop_change,
    "session_sealed": lambda event: f"Started with {event.count('clip', 'clips')}{event.by}",
    "clips_offloaded": lambda event: f"{event.count('clip', 'paths')} copied to the work folder",
    "clip_hashed": lambda event: f"Hashed {event.clip}{event.other_content}",
    "clip_probed": lambda event: f"Probed {event.clip}",
    "clip_audio_analysed": lambda event: f"Analysed the audio of {event.clip}",
    "session_aligned": lambda event: f"Synced: confidence {event.confidence}{event.revision}",
    "offset_nudged": lambda event: f"{event.moved} moved to {event.offset}{event.by}{event.revision}",
    "clip_faulted": lambda event: f"{event.clip} cannot be read: {event.text('message', limit=300)}",
    "disposition_set": lambda event: (
        f"{event.clip} {event.disposition}{event.by}{event.revision}{event.reason}"
    ),
    "session_approved": lambda event: f"Approved{event.by}{event.revision}",
    "session_rejected": lambda event: f"Rejected{event.by}{event.revision}{event.reason}",
    "session_reopened": lambda event: f"Reopened{event.by}{event.revision}{event.reason}",
    "session_recalled": lambda event: (
        f"Recalled: {event.text('recall', 'clip')} was written to again{event.revision}"
    ),
    "clip_replaced": lambda event: f"{event.clip} was dropped again and takes its own place",
    "clip_substituted": lambda event: (
        f"{event.clip} cannot be read: {event.text('file', 'name')} takes its place"
    ),
    "reel_joined": lambda event: f"{event.count('file', 'files')} joined{event.by}{event.revision}",
    "return_requested": lambda event: f"Originals are asked back{event.by}",
    "originals_returned": lambda event: f"The originals are back{event.kept_back}",
    "clip_conformed": lambda event: f"Conformed {event.clip}",
    "publishing_began": lambda event: f"Publishing started{event.revision}",
    "publishing_planned": lambda event: f"Planned to publish {event.count('file', 'plan', 'objects')}",
    "object_stored": lambda event: f"Uploaded {event.stored_object}{event.target} ({event.stored_size})",
    "session_published": lambda event: f"Published revision {event.text('publication', 'revision')}",
    "head_pointed": lambda event: f"Published revision is now {event.head_state}{event.head_reason}",
    "stores_chosen": lambda event: event.stores,
    "copy_published": lambda event: f"The copy in {event.store} is complete",
    "copy_halted": lambda event: (
        f"The copy in {event.store} stopped: {event.text('trouble', 'message', limit=300)}"
    ),
    "copy_resumed": lambda event: f"The copy in {event.store} goes on",
    "read_back_wanted": lambda event: f"{event.count('object', 'keys')} of {event.store} to be read back",
    "removal_due": lambda event: (
        "The originals in the trash are to be deleted"
        if event.get("from_trash")
        else "The originals are to go to the trash"
    ),
    "removal_refused": lambda event: f"The originals stay{event.reason}",
    "original_trashed": lambda event: f"{event.clip} lies in the trash: the stores have it",
    "original_deleted": lambda event: f"{event.clip} was deleted here: the stores have it",
    "store_surveyed": lambda event: event.survey,
    "object_read_back": lambda event: event.read_back,
    "objects_lost": lambda event: f"Will be uploaded again{event.reason}",
    "job_postponed": lambda event: f"Will be retried automatically{event.wait}: {event.failure}",
    "results_forgotten": lambda event: f"Will be made again{event.reason}",
    "session_halted": lambda event: event.halt,
    "session_retried": lambda event: f"Retried{event.by}",
    "session_resynced": lambda event: f"Sync restarted{event.by}",
    "decision_refused": lambda event: (
        f"Refused to {event.text('action', limit=20)}{event.by}{event.times}{event.reason}"
    ),
    "ledger_accepted": lambda event: f"Ledger accepted as it is{event.by}{event.reason}",
    "ledger_rebuilt": lambda event: (
        f"Ledger rebuilt{event.by}: {event.text('published', limit=12)} sessions were published, "
        f"{event.text('restarted', limit=12)} begin again"
    ),
}
"""A sentence for each kind of event in `model/events.py`; a test checks that none is missing."""
