"""What of a card belongs to its clips: sidecars, cameras' small copies, and everything else on it. Pure.

A card is kept whole, because editors and makers' programs read its index files and folders as one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from posixpath import splitext
from types import MappingProxyType

from mcsyncd.ingest.names import CLIP_SUFFIXES, FileRole, classify_name
from mcsyncd.model.clip import DropFile, DropKind
from mcsyncd.model.text import normalize_name

SMALL_COPY_SUFFIXES = frozenset({".lrv", ".lrf"})
"""Suffixes of cameras' small copies of a clip: MP4 by content, with the clip's own picture and sound. Others
of the kind have the suffix of a clip (`ingest.second_copies`)."""

_CARD_FOLDERS = frozenset(
    {
        *{"avchd", "avf_info", "bdmv", "bpav", "contents", "dcim"},
        *{"misc", "mp_root", "mssony", "m4root", "private", "xdroot"},
    }
)
"""Folders at the root of the cards of camera makers, in lower case. Where one with a clip in it lies in a
camera's folder itself, so does the rest of that card. A name too few, and what lies beside it stays in the
drop folder; a name too many takes a folder that is none of a card's."""

_HASH_LIST = re.compile(
    r"(.*/)?ascmhl/.*|.*\.(mhl|md5|sha1|sha256|xxh|xxh3|xxh32|xxh64|xxh128|c4)", re.IGNORECASE | re.DOTALL
)
"""Hash lists that offload programs write beside what they copied."""

_SONY_METADATA = re.compile(r"(.+)m\d\d")
"""Stem of Sony's metadata file beside a clip: `C0001M01.XML` beside `C0001.MP4`."""

_GOPRO_COPY = re.compile(r"gl([a-z\d]{2}\d{4})")
"""Stem of GoPro's small copy of a clip: `GL010001.LRV` beside `GX010001.MP4` or `GH010001.MP4`, and
`GLAA0001.LRV` of a loop."""

_INSTA360_COPY = re.compile(r"lrv_(.+)_\d\d_(\d{3})")
"""Stem of Insta360's small copy: `LRV_20261124_150000_11_001` beside `VID_20261124_150000_00_001.insv`."""


_WRITTEN_BESIDE_CLIP = re.compile(
    r"(.*/)?([^/]+\.(thm|lrf)|g(opr|[lhpsx][a-z\d]{2})\d{4}\.lrv|[^/]*\d{3}m\d\d\.xml)", re.DOTALL
)
"""Paths, in lower case, of files that cameras write with each clip, into its folder, and delete with it:
thumbnails, the small copies of GoPro and DJI, Sony's metadata. One too few, and a clip that was not copied is
not missed; one that is also written without a clip, and cards that are whole are held."""

_WRITTEN_ELSEWHERE = (
    (re.compile(r"(.*contents/)clip/([^/]+)\.xml", re.DOTALL), "video/"),
    (re.compile(r"(.*bdmv/)clipinf/(\d{5})\.cpi", re.DOTALL), "stream/"),
)
"""The same in folders of their own, with the folder of the clips: Panasonic's P2, and AVCHD."""


@dataclass(frozen=True, slots=True)
class CardClips:
    """The clips of one camera: their names by stem, and the topmost folders in which they lie.

    `clip_folders` are the folders of the clips themselves, as their stems have them. `is_card` tells that the
    camera's folder is itself the root of a card. `suffixes` are those of clips.
    """

    by_stem: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    folders: frozenset[str] = frozenset()
    clip_folders: frozenset[str] = frozenset()
    is_card: bool = False
    suffixes: frozenset[str] = CLIP_SUFFIXES

    def find_clip(self, name: str) -> str:
        """Return the clip that a file which is no clip lies beside and belongs to; empty if none.

        It has the same stem, or the clip's whole name with a suffix added (`A001.MOV.xmp`), or follows
        a maker's own scheme.
        """
        stems = _list_possible_stems(compute_stem(name), self.suffixes)
        return next((self.by_stem[stem] for stem in stems if stem in self.by_stem), "")

    def place_file(self, name: str) -> tuple[DropKind, str] | None:
        """Return what a file that is no clip is, and of which clip; None if it is on no card of theirs."""
        if clip := self.find_clip(name):
            return "copy" if splitext(name)[1].lower() in SMALL_COPY_SUFFIXES else "sidecar", clip
        return ("card", "") if self._holds_file(name) else None

    def concerns_file(self, name: str) -> bool:
        """Tell whether a file that is no clip belongs to one, or to a card, or was recorded with a clip."""
        return self.place_file(name) is not None or self.lacks_clip_of(name)

    def lacks_clip_of(self, name: str) -> bool:
        """Tell whether a camera wrote a file with a clip that is not here, though other clips of it are.

        A folder without any clip is one that somebody left behind, or of thumbnails alone.
        """
        stem = compute_stem(name)
        path = stem + splitext(name)[1].lower()
        if _WRITTEN_BESIDE_CLIP.fullmatch(path):
            return stem.rpartition("/")[0] in self.clip_folders and not self.find_clip(name)
        found = ((scheme.fullmatch(path), folder) for scheme, folder in _WRITTEN_ELSEWHERE)
        return any(
            written[1] + folder.rstrip("/") in self.clip_folders
            and f"{written[1]}{folder}{written[2]}" not in self.by_stem
            for written, folder in found
            if written is not None
        )

    def _holds_file(self, name: str) -> bool:
        top, slash, _ = name.partition("/")
        if not self.by_stem:
            return False
        on_card = self.is_card and (not slash or top.lower() in _CARD_FOLDERS)
        return on_card or (bool(slash) and top in self.folders) or is_hash_list(name)


def is_hash_list(name: str) -> bool:
    """Return whether a file, by its path below the camera's folder, is a hash list or a part of one."""
    return _HASH_LIST.fullmatch(name) is not None


def collect_clips(
    files: Iterable[tuple[str, str]], suffixes: frozenset[str] = CLIP_SUFFIXES
) -> dict[str, CardClips]:
    """Return the clips of each camera among `(camera, name)` pairs; `suffixes` are those of clips."""
    named: dict[str, list[str]] = {}
    for camera, name in files:
        if classify_name(name, suffixes) is FileRole.CLIP:
            named.setdefault(camera, []).append(name)
    return {camera: _build_card_clips(clips, suffixes) for camera, clips in named.items()}


def attach_file(file: DropFile, clips: CardClips) -> DropFile | None:
    """Return a file with what it is to its camera's clips; None for one that belongs to none of them."""
    match classify_name(file.name, clips.suffixes):
        case FileRole.CLIP:
            return file
        case FileRole.BESIDE if (place := clips.place_file(file.name)) is not None:
            same = (file.kind, file.attached_to) == place
            return file if same else replace(file, kind=place[0], attached_to=place[1])
        case _:
            return None


NO_CLIPS = CardClips()
"""Of a camera that has none."""


def _build_card_clips(clips: list[str], suffixes: frozenset[str]) -> CardClips:
    folders = frozenset(name.partition("/")[0] for name in clips if "/" in name)
    by_stem = {compute_stem(name): name for name in sorted(clips, reverse=True)}
    return CardClips(
        by_stem,
        folders,
        frozenset(stem.rpartition("/")[0] for stem in by_stem),
        any(folder.lower() in _CARD_FOLDERS for folder in folders),
        suffixes,
    )


@lru_cache(maxsize=1 << 16)  # called for every clip in every scan in which a file is settling
def compute_stem(name: str) -> str:
    """Return the path without its suffix, in one form: files of one clip have the same stem.

    Case is folded because cards are FAT: `C0001.MP4` and `c0001.xml` belong together.
    """
    return normalize_name(normalize_name(splitext(name)[0]).casefold())


def _list_possible_stems(file_stem: str, suffixes: frozenset[str]) -> list[str]:
    folder, _, base = file_stem.rpartition("/")
    bases = [base]
    if splitext(base)[1] in suffixes:
        bases.append(splitext(base)[0])
    if sony := _SONY_METADATA.fullmatch(base):
        bases.append(sony[1])
    if gopro := _GOPRO_COPY.fullmatch(base):
        bases += [f"gx{gopro[1]}", f"gh{gopro[1]}"]
    if insta360 := _INSTA360_COPY.fullmatch(base):
        bases.append(f"vid_{insta360[1]}_00_{insta360[2]}")
    return [f"{folder}/{base}" if folder else base for base in bases]
