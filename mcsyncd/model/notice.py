"""What people are told who are not looking: notices, and the bulletins in which they are sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

NoticeKind = Literal["needs_review", "failed", "published", "store_unreachable", "disk_low"]
NOTICE_KINDS: tuple[NoticeKind, ...] = get_args(NoticeKind)
URGENT_KINDS: frozenset[NoticeKind] = frozenset({"failed", "disk_low"})
"""What is sent in quiet hours, too: a card may have to be copied again before it is used again, and without
room nothing more is taken in. Uploads are tried again by themselves; a review can wait for the morning."""
MAX_NOTICES = 50
"""Notices in one bulletin. Computed: with usual texts they have 12 kB, less than the 20 kB that the Standard
Webhooks specification recommends, and 40 kB with the longest; the others follow in the next one."""
MAX_NOTICE_TEXT = 300
"""Characters of a notice's text, and of its hint. Judgement: two lines of a phone's screen; longer ones are
cut in the middle, and `mcsyncd show` has all of it."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing that somebody is told. `at` is when it began (UTC, ISO 8601).

    A `test` is what a person sends to see whether it arrives. `subject` is what it is about: a session's id,
    or the name of a store or a disk. There is one notice of a subject at a time.
    """

    kind: NoticeKind | Literal["test"]
    subject: str
    text: str
    hint: str
    at: str

    @property
    def is_urgent(self) -> bool:
        """Whether it is sent in quiet hours."""
        return self.kind in URGENT_KINDS


@dataclass(frozen=True, slots=True)
class Bulletin:
    """One message with all that was to be told at `at` (UTC). Its `id` stays the same when it is sent again.

    `more` is how many notices follow in the next one.
    """

    id: str
    at: str
    notices: tuple[Notice, ...]
    more: int = 0
