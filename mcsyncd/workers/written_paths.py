"""The paths in what conform returns: written in other terms, or checked."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from mcsyncd.model.rendition import ConformResult, Rendition, WrittenFile

_File = TypeVar("_File", Rendition, WrittenFile)


def replace_paths(made: ConformResult, convert: Callable[[str], str]) -> ConformResult:
    """Return the result with every path converted."""

    def convert_file(file: _File) -> _File:
        return replace(file, path=convert(file.path))

    def convert_rendition(file: Rendition) -> Rendition:
        proof = replace(file.proof, sidecar=convert_file(file.proof.sidecar))
        return replace(convert_file(file), proof=proof)

    sprites = made.sprites
    if sprites is not None:
        sheets = tuple(convert_file(sheet) for sheet in sprites.sheets)
        sprites = replace(sprites, sheets=sheets, webvtt=convert_file(sprites.webvtt))
    return replace(made, renditions=tuple(map(convert_rendition, made.renditions)), sprites=sprites)


def find_foreign_file(paths: Iterable[Path], folder: Path) -> Path | None:
    """Return the first of the paths that is no plain file below `folder`, by no link: None if there is none.

    Who names the files may have been taken over.
    """
    for path in paths:
        inside = path.is_relative_to(folder) and ".." not in path.parts
        if not inside or path.resolve() != folder.resolve() / path.relative_to(folder) or not path.is_file():
            return path
    return None
