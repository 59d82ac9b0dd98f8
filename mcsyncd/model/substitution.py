"""A clip that cannot be read, and the second copy of it that takes its place. Pure.

The two change places: the copy is the clip from then on, and the damaged file is kept as attached to it.
"""

from __future__ import annotations

from dataclasses import replace
from posixpath import splitext

from mcsyncd.model.clip import Clip, DropFile
from mcsyncd.model.session import Session, Substitution

_BACKUP_SUFFIX = ".wav"
"""Of a backup that holds the sound alone: it comes after every copy with the picture."""


def find_second_copy(session: Session, key: str) -> DropFile | None:
    """Return the best copy of the clip with that key (`camera/name`) that was not found unreadable, or None.

    Best is one of the clip's own size (the other slot's), then the largest one with a picture.
    """
    clip = session.find_clip(key)
    if clip is None:
        return None
    tried = {one.instead_of for one in session.substitutions}
    copies = (
        file
        for file in session.drop_files
        if (file.camera, file.kind, file.attached_to) == (clip.camera, "copy", clip.name)
        and file.key not in tried
    )
    return max(copies, key=lambda file: _rank_copy(file, clip), default=None)


def _rank_copy(file: DropFile, clip: Clip) -> tuple[bool, bool, int, str]:
    has_picture = splitext(file.name)[1].lower() != _BACKUP_SUFFIX
    return file.bytes == clip.bytes, has_picture, file.bytes, file.name


def substitute_clip(session: Session, key: str, copy: DropFile, why: str) -> Session:
    """Return the session with `copy`, and all that is attached to the clip, in that clip's place."""
    return replace(
        session,
        clips=tuple(_take_place(clip, copy) if clip.key == key else clip for clip in session.clips),
        drop_files=tuple(_attach_anew(file, key, copy) for file in session.drop_files),
        substitutions=(*session.substitutions, Substitution(copy.key, key, why)),
        error=None,
    )


def _take_place(clip: Clip, copy: DropFile) -> Clip:
    # Both lie in the camera's folder of the session, each under its own name.
    path = clip.path.removesuffix(clip.name) + copy.name if clip.path else ""
    return replace(Clip.from_drop_file(copy), path=path)


def _attach_anew(file: DropFile, key: str, copy: DropFile) -> DropFile:
    if file.key == copy.key:
        return replace(file, kind="clip", attached_to="")
    if file.key == key:
        return replace(file, kind="copy", attached_to=copy.name)
    attached = f"{file.camera}/{file.attached_to}" == key
    return replace(file, attached_to=copy.name) if attached else file
