"""What the daemon and the publisher say to each other: messages with types and bounds.

Neither side believes the other: no pickle, no paths, no code. The file of an upload comes with its message as
an open descriptor, so the publisher needs no right to read in the work folder.

Requests of another kind get a class of their own in `Request`, and their answer one in `Answer`.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter

from mcsyncd.model.notice import MAX_NOTICES, Bulletin
from mcsyncd.model.part_sums import MAX_PARTS, PartSums
from mcsyncd.publish.object_store import ListedObject, ObjectStat

PAGE_OBJECTS = 500
"""Objects in one page of a listing. Computed: with the longest keys, all of them control characters, it has
3 MB of JSON, which a message may have."""
MAX_TEXT = 2000
"""Characters of a message or a hint, as in a record of the log."""

_SHA256, _MD5 = re.compile(r"[0-9a-f]{64}"), re.compile(r"[0-9a-f]{32}")
_BULLETIN_ID, _UTC = re.compile(r"msg_[0-9a-f]{32}"), re.compile(r"[0-9T:.Z-]{20,32}")

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
ObjectKey = Annotated[str, Field(min_length=1, max_length=1024)]
"""A key as S3 limits it. The service tells which keys it takes."""
ReceiverKey = Annotated[str, Field(max_length=32)]
"""The name of a receiver in the settings."""
StoreKey = Annotated[str, Field(max_length=32)]
"""The name of a store in the ledger; that of the main one is empty."""
Text = Annotated[str, Field(max_length=MAX_TEXT)]
Count = Annotated[int, Field(ge=0, lt=1 << 63)]


class Message(BaseModel):
    """Base of all messages: an immutable value without unknown fields or converted types."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def _require_sound(sums: PartSums) -> PartSums:
    are_hex = _SHA256.fullmatch(sums.sha256) and all(_MD5.fullmatch(one) for one in sums.md5s)
    in_range = sums.bytes >= 0 and sums.part_bytes > 0 and len(sums.md5s) <= MAX_PARTS
    if not (are_hex and in_range and sums.is_sound):
        raise ValueError("the sums of the parts do not fit each other")
    return sums


class Greet(Message):
    """The first message: who asks, and what it takes the stores for. Answer: `Welcome`."""

    ask: Literal["greet"] = "greet"
    version: Annotated[str, Field(max_length=64)]
    stores: Sha256


class PutFile(Message):
    """Store the file that comes as a descriptor. Answers: `Progress`, several times, and `Found`.

    Without a descriptor, `errno` says why the daemon could not open it.
    """

    ask: Literal["put_file"] = "put_file"
    store: StoreKey
    key: ObjectKey
    name: Annotated[str, Field(max_length=4096)]
    sums: Annotated[PartSums, AfterValidator(_require_sound)]
    metadata: Annotated[tuple[tuple[Text, Text], ...], Field(max_length=32)]
    errno: Annotated[int, Field(ge=0, lt=4096)] = 0


class PutDocument(Message):
    """Store the document that comes with it, see `ObjectStore.put_document`. Answer: `Done`."""

    ask: Literal["put_document"] = "put_document"
    store: StoreKey
    key: ObjectKey
    if_match: Annotated[str, Field(max_length=256)] | None


class FindDocument(Message):
    """Return a pointer, a manifest or the store's identity. Answer: `Document`."""

    ask: Literal["find_document"] = "find_document"
    store: StoreKey
    key: ObjectKey


class StatObject(Message):
    """Return what the store says of an object. Answer: `Found`."""

    ask: Literal["stat_object"] = "stat_object"
    store: StoreKey
    key: ObjectKey


class HashRange(Message):
    """Read a range of an object, and return its hash. Answer: `RangeRead`."""

    ask: Literal["hash_range"] = "hash_range"
    store: StoreKey
    key: ObjectKey
    start: Count
    length: Count
    kind: Literal["md5", "sha256"]


class ListObjects(Message):
    """List the objects below a folder. Answers: `Page`, until one is the last."""

    ask: Literal["list_objects"] = "list_objects"
    store: StoreKey
    prefix: Annotated[str, Field(max_length=1024)]


class RemoveSnapshot(Message):
    """Remove a snapshot of the ledger that is not among the newest. Answer: `Done`."""

    ask: Literal["remove_snapshot"] = "remove_snapshot"
    store: StoreKey
    key: ObjectKey


class CheckStore(Message):
    """Tell whether a folder can be written to. Answer: `Health`."""

    ask: Literal["check_store"] = "check_store"
    store: StoreKey


def _require_bounded(bulletin: Bulletin) -> Bulletin:
    texts = [text for one in bulletin.notices for text in (one.subject, one.text, one.hint, one.at)]
    if not _BULLETIN_ID.fullmatch(bulletin.id) or not _UTC.fullmatch(bulletin.at):
        raise ValueError("the bulletin has no id, or no time")
    if len(bulletin.notices) > MAX_NOTICES or any(len(text) > MAX_TEXT for text in texts):
        raise ValueError("the bulletin is too long")
    return bulletin


class SendBulletin(Message):
    """Send a bulletin to a receiver of the publisher's own settings. Answer: `Delivery`."""

    ask: Literal["send_bulletin"] = "send_bulletin"
    receiver: ReceiverKey
    bulletin: Annotated[Bulletin, AfterValidator(_require_bounded)]


class CheckReceiver(Message):
    """Tell whether a bulletin could be sent to a receiver; nothing is. Answer: `Delivery`."""

    ask: Literal["check_receiver"] = "check_receiver"
    receiver: ReceiverKey


class Welcome(Message):
    """The publisher will answer, and is of this version."""

    answer: Literal["welcome"] = "welcome"
    version: Annotated[str, Field(max_length=64)]


class Progress(Message):
    """How many bytes of an upload are done, of how many."""

    answer: Literal["progress"] = "progress"
    done: Count
    total: Count


class Found(Message):
    """What the store says of an object; None if it has none."""

    answer: Literal["found"] = "found"
    stat: ObjectStat | None


class Document(Message):
    """The tag of a document, whose bytes come with it; None if there is none."""

    answer: Literal["document"] = "document"
    tag: Annotated[str, Field(max_length=256)] | None


class RangeRead(Message):
    """How many bytes there were in a range, and their hash (hex)."""

    answer: Literal["range_read"] = "range_read"
    bytes: Count
    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{32,64}$")]


class Page(Message):
    """A part of a listing, in the order of keys."""

    answer: Literal["page"] = "page"
    objects: Annotated[tuple[ListedObject, ...], Field(max_length=PAGE_OBJECTS)]
    is_last: bool


class Done(Message):
    """It is done."""

    answer: Literal["done"] = "done"


class Health(Message):
    """`ok`, or what is wrong with a store."""

    answer: Literal["health"] = "health"
    text: Text


class Delivery(Message):
    """How it went with a receiver: `fault` is empty if well, `retry_after_s` what it asked for."""

    answer: Literal["delivery"] = "delivery"
    fault: Text = ""
    hint: Text = ""
    retry_after_s: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0


class Fault(Message):
    """It failed. `kind` is the error that the asker raises; an `os` one has `errno` and `filename`."""

    answer: Literal["fault"] = "fault"
    kind: Literal["storage", "offline", "refused", "source_changed", "os", "bug"]
    message: Text
    hint: Text = ""
    errno: Annotated[int, Field(ge=0, lt=4096)] = 0
    filename: Text = ""


Request = (
    Greet
    | PutFile
    | PutDocument
    | FindDocument
    | StatObject
    | HashRange
    | ListObjects
    | RemoveSnapshot
    | CheckStore
    | SendBulletin
    | CheckReceiver
)
"""All that a publisher can be asked for."""
Answer = Welcome | Progress | Found | Document | RangeRead | Page | Done | Health | Delivery | Fault
"""All that it can answer."""

REQUESTS: TypeAdapter[Request] = TypeAdapter(Annotated[Request, Field(discriminator="ask")])
ANSWERS: TypeAdapter[Answer] = TypeAdapter(Annotated[Answer, Field(discriminator="answer")])


def clean_text(text: str, most: int = MAX_TEXT) -> str:
    """Return a text as a message can carry it: cut, and without bytes of a name that are no text."""
    return text[:most].encode("utf-8", "backslashreplace").decode()[:most]
