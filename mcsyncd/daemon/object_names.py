"""What a store says of an object, with the name that people know instead of its key. Pure.

A key has 130 characters, and none of them is from the clip's name. It stands in the log as a field.
"""

from __future__ import annotations

import re

from mcsyncd.model.jobs import Job, PointHead, PublishCopy, PublishManifest, ReadBack, Upload
from mcsyncd.model.publishing import name_object

_BEFORE = r"(?<![\w/])"
"""What no key begins after: then the text is a path in the store's folder, which must stay whole."""


def find_object_key(job: Job) -> str | None:
    """Return the key of the object that a job stores or reads back; None for a job of none, or of several."""
    return job.object.key if isinstance(job, Upload | ReadBack) else None


def name_objects(message: str, job: Job) -> str:
    """Return an error's message with names in place of the keys of the objects that a job is about."""
    match job:
        case Upload() | ReadBack():
            name = name_object(job.object.clip, job.object.kind)
            return re.sub(_BEFORE + re.escape(job.object.key), _quote(name), message)
        case PublishManifest() | PointHead() | PublishCopy():
            session = re.escape(job.session)
            named = re.sub(rf"{_BEFORE}v1/manifest/{session}/[^\s:]+", f"{job.session}, manifest", message)
            return re.sub(rf"{_BEFORE}head/{session}\.json", f"{job.session}, pointer", named)
        case _:
            return message


def _quote(text: str) -> str:
    """Return a text as the replacement of a pattern, where backslashes have a meaning."""
    return text.replace("\\", "\\\\")
