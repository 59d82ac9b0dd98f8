"""Reading the lists that lie in the drop folders. Each is read again only after it has changed."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from posixpath import dirname, splitext

from mcsyncd.ingest.card_index import is_card_index, parse_card_index
from mcsyncd.ingest.cards import is_hash_list
from mcsyncd.ingest.folders import Folder
from mcsyncd.ingest.hash_lists import PlacedList
from mcsyncd.ingest.observation import FileKey, Observation
from mcsyncd.ingest.settle import SettleState
from mcsyncd.integrity.c4 import compute_c4
from mcsyncd.integrity.checksum_lines import is_checksum_list, parse_checksum_lines
from mcsyncd.integrity.hash_list import MAX_LIST_BYTES, BadHashList, ListedFile
from mcsyncd.integrity.mhl_reader import merge_generations, parse_chain, parse_mhl

_CHAIN_NAME = "ascmhl_chain.xml"
_HISTORY_FOLDER = "ascmhl"
_TOO_LARGE = BadHashList(f"it has more than {MAX_LIST_BYTES >> 20} MiB", "split the card")

_Group = tuple[str, str, tuple[Observation, ...]]
"""Camera, name, and the files of one list."""


class ListReader:
    """Reads the lists below one drop root, and remembers them for as long as their files are the same."""

    def __init__(self) -> None:
        self._known: dict[tuple[Observation, ...], PlacedList] = {}

    def read_lists(self, drop: Path, state: SettleState) -> tuple[PlacedList, ...]:
        """Return every list that is not being written. Blocks. Never raises for what is in them."""
        groups = [
            group
            for group in _group_files(state)
            if all(state.files[one.key].since < state.scanned_at for one in group[2])
        ]
        self._known = {
            files: self._known.get(files) or _read_list(drop, camera, name, files)
            for camera, name, files in groups
        }
        return tuple(sorted(self._known.values(), key=lambda one: (one.camera, one.name)))


def _group_files(state: SettleState) -> Iterable[_Group]:
    """Return the lists among the files: each by itself, those of an ASC MHL history as one."""
    histories: dict[FileKey, list[Observation]] = {}
    for (camera, name), track in state.files.items():
        if track.status in ("ignored", "refused"):
            continue
        if is_card_index(name):
            yield camera, name, (track.observation,)
        if not is_hash_list(name):
            continue
        folder = dirname(name)
        if folder.rpartition("/")[2].lower() == _HISTORY_FOLDER:
            histories.setdefault((camera, folder), []).append(track.observation)
        elif splitext(name)[1].lower() == ".mhl" or is_checksum_list(name):
            yield camera, name, (track.observation,)
    for (camera, folder), files in histories.items():
        yield camera, f"{folder}/{_CHAIN_NAME}", tuple(sorted(files, key=lambda file: file.name))


def _read_list(drop: Path, camera: str, name: str, files: tuple[Observation, ...]) -> PlacedList:
    if is_card_index(name):
        return _read_index(drop, camera, name, files[0])
    is_history = dirname(name).rpartition("/")[2].lower() == _HISTORY_FOLDER
    is_xml = is_history or splitext(name)[1].lower() == ".mhl"
    placed = PlacedList(camera, name, parts=frozenset(file.name for file in files), sealed_form=is_xml)
    contents: dict[str, bytes] = {}
    try:
        for file in files:
            contents[file.name] = _read_file(drop, file)
        if is_history:
            listed, folder = _read_history(name, contents), dirname(dirname(name))
        else:
            listed = parse_mhl(contents[name]) if is_xml else parse_checksum_lines(name, contents[name])
            folder = dirname(name)
    except BadHashList as error:
        return _blame(placed, error.message)
    except OSError as error:
        return _blame(placed, f"it cannot be read ({error.strerror})")
    return _place_files(placed, folder, listed)


def _read_index(drop: Path, camera: str, name: str, file: Observation) -> PlacedList:
    """Return the index of a card. One that cannot be read lists nothing: it is no proof of anything."""
    placed = PlacedList(camera, name, parts=frozenset({name}), is_index=True)
    try:
        return _place_files(placed, dirname(name), parse_card_index(_read_file(drop, file)))
    except (BadHashList, OSError):
        return placed


def _place_files(placed: PlacedList, folder: str, listed: tuple[ListedFile, ...]) -> PlacedList:
    """Return a list with its files, whose names are below `folder`."""
    prefix = f"{folder}/" if folder else ""
    return replace(placed, files=tuple(replace(file, name=prefix + file.name) for file in listed))


def _blame(placed: PlacedList, fault: str) -> PlacedList:
    """Return a list with its fault, under the name of a file that is there: without a chain, another one."""
    name = placed.name if placed.name in placed.parts else min(placed.parts)
    return replace(placed, name=name, fault=fault)


def _read_file(drop: Path, file: Observation) -> bytes:
    """Return the content of a file in a drop folder, not through a link. Raises BadHashList and OSError."""
    if file.size > MAX_LIST_BYTES:
        raise _TOO_LARGE
    path = Path(file.camera, file.name)
    with (
        Folder.open_root(drop) as root,
        root.open_below(path.parent) as folder,
        folder.hold_file(path.name) as descriptor,
        os.fdopen(descriptor, "rb", closefd=False) as opened,
    ):
        content = opened.read(MAX_LIST_BYTES + 1)
    if len(content) > MAX_LIST_BYTES:
        raise _TOO_LARGE
    return content


def _read_history(chain_name: str, contents: Mapping[str, bytes]) -> tuple[ListedFile, ...]:
    """Return what the generations of an ASC MHL history say, after comparing them with their chain.

    Raises BadHashList.
    """
    if chain_name not in contents:
        raise BadHashList(f"{_CHAIN_NAME} is missing", "copy the list again")
    folder, generations = dirname(chain_name), []
    chain = parse_chain(contents[chain_name])
    for one in chain:
        content = contents.get(f"{folder}/{one.file}")
        if content is None:
            raise BadHashList(f"its generation {one.file} is missing", "copy the list again")
        if compute_c4(content) != one.c4:
            raise BadHashList(f"its generation {one.file} is not what the chain says", "copy the list again")
        generations.append(parse_mhl(content))
    if not chain:
        raise BadHashList("its chain is empty", "copy the list again")
    in_chain = {f"{folder}/{one.file}" for one in chain}
    loose = sorted(name for name in contents.keys() - in_chain if name.lower().endswith(".mhl"))
    if loose:
        raise BadHashList(f"{loose[0]} is no generation of its chain", "copy the list again")
    return merge_generations(tuple(generations))
