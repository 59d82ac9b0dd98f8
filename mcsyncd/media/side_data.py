"""Side data of frames, also of types that PyAV does not know.

FFmpeg has more types than PyAV lists (29 is the view of stereoscopic video, 31 EXIF), and PyAV raises
ValueError for all side data of a frame that has one of them. So a type that it does not list is given a name.
"""

from __future__ import annotations

from typing import cast

from av.sidedata.sidedata import SideDataContainer, Type
from av.video.frame import VideoFrame


def _name_unknown_type(cls: type[Type], value: object) -> Type | None:
    """Return a member for a number that the enumeration lacks."""
    if not isinstance(value, int):
        return None
    member = object.__new__(cls)
    member._name_ = f"UNKNOWN_{value}"
    member._value_ = value  # type: ignore[assignment]  # typeshed takes members for values here
    return member


Type._missing_ = classmethod(_name_unknown_type)  # type: ignore[assignment,method-assign]  # PyAV's is Enum's own, which raises


def find_display_matrix(frame: VideoFrame) -> bytes | None:
    """Return the display matrix of a frame: nine 32-bit numbers in the machine's order; None without one.

    Call this once per clip, not for each frame: a frame whose side data was read refers to itself
    and stays in memory until the cyclic garbage collector runs (1 GB of 1080p, measured).
    """
    sides = cast("SideDataContainer", frame.side_data)
    matrix = next((side for side in sides if side.type is Type.DISPLAYMATRIX), None)
    return None if matrix is None else bytes(matrix)
