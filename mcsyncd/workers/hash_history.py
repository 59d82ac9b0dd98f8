"""The ASC MHL histories of a session: of its originals as they were taken in, and of what was made of them.

Two trees, so that whoever verifies originals does not meet renditions. The histories that a card brought
along lie in its own folders and are never written to.
"""

from __future__ import annotations

import platform
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from posixpath import dirname

from mcsyncd import __version__
from mcsyncd.integrity.c4 import compute_c4
from mcsyncd.integrity.derived_file import begin_folder, publish_folder, write_derived_file
from mcsyncd.integrity.hash_list import BadHashList
from mcsyncd.integrity.mhl_reader import merge_generations, parse_chain, parse_mhl
from mcsyncd.integrity.mhl_writer import (
    HistoryFile,
    Process,
    build_chain,
    build_generation,
    name_generation,
)
from mcsyncd.integrity.part_sums import compute_part_sums, keep_part_sums
from mcsyncd.model.clip import Digest
from mcsyncd.model.publishing import PlannedObject
from mcsyncd.settings.work_layout import HISTORY_FOLDER, WorkLayout

CHAIN_NAME = "ascmhl_chain.xml"


def write_original_history(layout: WorkLayout, session: str, digests: Mapping[str, Digest]) -> None:
    """Add a generation for originals, by `CAMERA/NAME`, that the history does not list yet.

    Nothing is read: `digests` are known. One that is missing is left out; its upload tells. Raises OSError.
    """
    root = layout.locate_originals(session)
    files = [
        HistoryFile(name, digest.bytes, (root / name).stat().st_mtime_ns, digest.xxh128)
        for name, digest in digests.items()
        if HISTORY_FOLDER not in dirname(name).lower().split("/") and (root / name).exists()
    ]
    _write_history(root, files, "transfer")


def write_conform_history(layout: WorkLayout, session: str, planned: Iterable[PlannedObject]) -> None:
    """Add a generation for what conform made and the history does not list as it is now.

    Each file is read once. The sums of its parts are kept, so that its upload need not read it again. One
    that is missing or is not what was planned is left out; its upload tells. Raises OSError, SourceChanged.
    """
    root = layout.locate_conform_root(session)
    made = {one.path: one for one in planned if layout.resolve_path(one.path).is_relative_to(root)}
    known, listed_at_ns = _load_known(root), _fetch_listed_at_ns(root)
    files = []
    for path, one in made.items():
        file = layout.resolve_path(path)
        name = file.relative_to(root).as_posix()
        if not file.exists():
            continue
        mtime_ns = file.stat().st_mtime_ns
        if name in known and mtime_ns < listed_at_ns:
            files.append(HistoryFile(name, one.bytes, mtime_ns, known[name]))
            continue
        digest, sums = compute_part_sums(file)
        if (digest.sha256, digest.bytes) != (one.sha256, one.bytes):
            continue
        if sums.has_parts:
            keep_part_sums(layout.locate_part_sums(session, digest.sha256), sums)
        files.append(HistoryFile(name, digest.bytes, mtime_ns, digest.xxh128))
    _write_history(root, files, "in-place")


def _write_history(root: Path, files: Sequence[HistoryFile], process: Process) -> None:
    """Add the files that are not listed yet. A history that contradicts one of them begins anew.

    The folder is written as a whole and then takes the old one's place, so that the chain always fits.
    """
    generations, known = _load_generations(root), _load_known(root)
    if any(known.get(file.name, file.xxh128) != file.xxh128 for file in files):
        generations, known = [], {}
    new = [file for file in files if file.name not in known and file.can_be_listed]
    if not new:
        return
    at = datetime.now(UTC)
    name = name_generation(len(generations) + 1, root.name, at)
    content = build_generation(new, process=process, at=at, host=platform.node(), version=__version__)
    generations = [*generations, (name, content)]
    part = root / f"{HISTORY_FOLDER}.part"
    begin_folder(part)
    for one, data in (*generations, (CHAIN_NAME, build_chain(generations))):
        write_derived_file(part / one, data)
    publish_folder(part, root / HISTORY_FOLDER)


def _load_generations(root: Path) -> list[tuple[str, bytes]]:
    """Return names and contents of the generations; none if the history is missing or damaged."""
    folder = root / HISTORY_FOLDER
    try:
        chain = parse_chain((folder / CHAIN_NAME).read_bytes())
        found = [(one.file, (folder / one.file).read_bytes(), one.c4) for one in chain]
    except (OSError, BadHashList):
        return []
    if any(compute_c4(content) != c4 for _, content, c4 in found):
        return []
    return [(name, content) for name, content, _ in found]


def _load_known(root: Path) -> dict[str, str]:
    """Return the xxh128 of each file that the history lists."""
    try:
        listed = merge_generations(tuple(parse_mhl(content) for _, content in _load_generations(root)))
    except BadHashList:
        return {}
    return {file.name: one.values[0] for file in listed for one in file.hashes if one.algorithm == "xxh128"}


def _fetch_listed_at_ns(root: Path) -> int:
    """Return when the history was written: what is older is as it lists it."""
    try:
        return (root / HISTORY_FOLDER / CHAIN_NAME).stat().st_mtime_ns
    except OSError:
        return 0
