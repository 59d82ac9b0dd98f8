"""The files that `mcsyncd align` is given, each with its angle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class AngleFile:
    """One file and the angle that it belongs to."""

    angle: str
    path: Path


def drop_duplicates(files: Sequence[AngleFile]) -> tuple[list[AngleFile], list[str]]:
    """Return the files without repetitions within an angle, and a sentence for every repetition.

    One file named for two angles stays in both: it is probably a slip, but the answer is well defined.
    Files are compared by inode, because two cards may reach the same file through links.
    """
    kept: list[AngleFile] = []
    findings: list[str] = []
    for file in files:
        twins = [other for other in kept if other.path.samefile(file.path)]
        for twin in twins:
            if twin.angle == file.angle:
                findings.append(f"{file.angle}: {file.path.name} is named twice and used once")
            else:
                findings.append(f"{twin.angle} and {file.angle} are the same file: {file.path.name}")
        if all(twin.angle != file.angle for twin in twins):
            kept.append(file)
    return kept, findings
