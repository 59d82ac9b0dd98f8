"""What a sound recorder notes about a take: the fields of `iXML` that people and later tools read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TrackName:
    """The name of a track by its number on the recorder, from 1."""

    channel: int
    name: str


@dataclass(frozen=True, slots=True)
class RecorderNotes:
    """`scene`, `take` and the rest are as the recordist typed them, empty where they are not given.

    `family` is the same in all files that were recorded at once, `set_index` tells them apart, and
    `set_files` is how many there are (0: not said). `tracks` are those of this file.
    """

    project: str = ""
    scene: str = ""
    take: str = ""
    tape: str = ""
    note: str = ""
    family: str = ""
    set_index: str = ""
    set_files: int = 0
    tracks: tuple[TrackName, ...] = ()
