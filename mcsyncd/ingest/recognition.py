"""What a settled file is to a clip that a session has taken in before. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from mcsyncd.model.clip import DropFile
from mcsyncd.model.session import State
from mcsyncd.model.taken_file import TakenFile
from mcsyncd.model.text import normalize_name

CONTINUED_WITHIN_S = 24 * 3600.0
"""Seconds after a session was opened in which a file without a beginning counts as the rest of its clip.

Judgement: a copy that stalled is resumed the same day. Longer, and a damaged file that has the name of
an old clip (every card has a C0001) recalls a session that was published long ago."""

RelationKind = Literal["taken", "shorter", "fuller", "continued", "differing", "replacement"]
"""The same content as a clip; its beginning only; all of it and more; what was missing at its end; as long as
it, but not the same; another copy for a session that cannot read the one it has."""


@dataclass(frozen=True, slots=True)
class Relation:
    """What a file is to the clip with the key `clip` of a session."""

    kind: RelationKind
    session: str
    clip: str
    left_behind: bool = False


def relate_file(
    file: DropFile,
    taken: Iterable[TakenFile],
    *,
    has_beginning: bool,
    is_replaceable: Callable[[TakenFile], bool],
    is_doubtful: Callable[[TakenFile], bool],
    compute_age_s: Callable[[TakenFile], float],
) -> Relation | None:
    """Return what a settled file is to a file that was taken in before; None if it is new.

    `taken` are the files of the same camera with the same name or the same sample. `has_beginning`
    tells whether the content begins like a recording. `is_replaceable` tells whether a session needs this
    clip anew, `is_doubtful` whether the clip looks as if a part of it were missing and the
    file does not, and `compute_age_s` how long ago the session was opened. What was rejected does not
    count: its files may be dropped again, to become another session.
    """
    newest_first = sorted(taken, key=lambda one: one.opened_at, reverse=True)
    for one in newest_first:
        kind = _relate_pair(
            file,
            one,
            has_beginning=has_beginning,
            replaceable=is_replaceable(one),
            doubtful=is_same_length(file, one.file) and is_doubtful(one),
            recent=compute_age_s(one) <= CONTINUED_WITHIN_S,
        )
        if kind is not None:
            return Relation(kind, one.session, one.file.key, one.left_behind)
    return None


def is_same_length(file: DropFile, old: DropFile) -> bool:
    """Return whether a file begins like another of its name and is as long, but is not the same.

    Programs that reserve the whole length first leave such files when they stop.
    """
    same_start = _is_same_name(file, old) and file.head == old.head != ""
    return same_start and file.bytes == old.bytes and file.sample != old.sample


def _is_same_name(file: DropFile, old: DropFile) -> bool:
    return normalize_name(file.name) == normalize_name(old.name)


def _relate_pair(  # noqa: PLR0911  # one line for each relation
    file: DropFile, one: TakenFile, *, has_beginning: bool, replaceable: bool, doubtful: bool, recent: bool
) -> RelationKind | None:
    old = one.file
    unchanged = (file.name, file.bytes, file.mtime_ns) == (old.name, old.bytes, old.mtime_ns)
    if one.left_behind and unchanged:
        return "taken"
    if one.state is State.REJECTED:
        return None
    if replaceable:
        return "replacement"
    if file.sample and file.sample == old.sample:
        return "taken"
    if not _is_same_name(file, old):
        return None
    if is_same_length(file, old):
        return "fuller" if doubtful else "differing"
    if file.head and file.head == old.head:
        return "fuller" if file.bytes > old.bytes else "shorter"
    return "continued" if recent and not has_beginning else None
