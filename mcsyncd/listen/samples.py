"""The samples of a file of analysis audio, as every stage reads them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mcsyncd.integrity.disk_errors import name_file


def map_samples(path: Path | str) -> NDArray[np.int16]:
    """Map a channel of analysis audio from disk; an empty file gives an empty array.

    Raises OSError, which names the file: the kernel's answer to a map has no name.
    """
    with name_file(path):
        if Path(path).stat().st_size < 2:
            return np.zeros(0, np.int16)
        return np.memmap(path, "<i2", "r")
