"""Whether a recording is encrypted: then its decoders only find damage, or noise that passes for sound."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from mcsyncd.containers.boxes import list_sample_formats
from mcsyncd.errors import BadMedia

_ENCRYPTED_FORMATS = {"encv", "enca"}
"""What stands for the codec of an encrypted track in an MP4 (ISO/IEC 23001-7). One too few, and people are
told that the file is damaged."""


def check_encryption(path: Path, file: BinaryIO) -> None:
    """Raise BadMedia if a track of the open file is encrypted."""
    if _ENCRYPTED_FORMATS.intersection(list_sample_formats(file)):
        raise BadMedia(
            f"{path.name} is encrypted (DRM)", "export it without copy protection, and drop that instead"
        )
