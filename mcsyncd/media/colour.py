"""The one table of colour code points. Pure, so that plans can use it without loading the decoders.

It maps the code points of ITU-T H.273, and the further ones of FFmpeg 8.1, to their names. Each consumer is
given what it expects: manifests and encoder options the name, the `setparams` filter the number (its names
differ: it calls transfer 4 `bt470m`), the `scale` filter the name of a matrix that it can convert.
"""

from __future__ import annotations

from dataclasses import dataclass

PRIMARIES = {
    1: "bt709",
    4: "bt470m",
    5: "bt470bg",
    6: "smpte170m",
    7: "smpte240m",
    8: "film",
    9: "bt2020",
    10: "smpte428",
    11: "smpte431",
    12: "smpte432",
    22: "ebu3213",
    256: "vgamut",
}
"""Colour primaries by code point (H.273, table 2; 256 is FFmpeg's own, for Panasonic V-Gamut)."""

TRANSFERS = {
    1: "bt709",
    4: "gamma22",
    5: "gamma28",
    6: "smpte170m",
    7: "smpte240m",
    8: "linear",
    9: "log100",
    10: "log316",
    11: "iec61966-2-4",
    12: "bt1361e",
    13: "iec61966-2-1",
    14: "bt2020-10",
    15: "bt2020-12",
    16: "smpte2084",
    17: "smpte428",
    18: "arib-std-b67",
    256: "vlog",
}
"""Transfer characteristics by code point (H.273, table 3; 256 is FFmpeg's own, for Panasonic V-Log)."""

MATRICES = {
    0: "gbr",
    1: "bt709",
    4: "fcc",
    5: "bt470bg",
    6: "smpte170m",
    7: "smpte240m",
    8: "ycgco",
    9: "bt2020nc",
    10: "bt2020c",
    11: "smpte2085",
    12: "chroma-derived-nc",
    13: "chroma-derived-c",
    14: "ictcp",
    15: "ipt-c2",
    16: "ycgco-re",
    17: "ycgco-ro",
}
"""Matrix coefficients by code point (H.273, table 4)."""

RGB = "gbr"
"""The matrix of RGB, which has none. YUV that carries this tag is taken as untagged."""

UNSPECIFIED = 2
"""The code point by which a stream says that it does not say (H.273)."""

FULL_RANGE = 2
"""FFmpeg's AVCOL_RANGE_JPEG: black is 0. Limited range (1) and untagged (0) are both treated as limited."""

HDR_TRANSFERS = {"smpte2084": "PQ", "arib-std-b67": "HLG"}
"""Transfer characteristics of high dynamic range, and their common names (ITU-R BT.2100)."""

_SCALER_NAMES = {
    "bt709": "bt709",
    "fcc": "fcc",
    "bt470bg": "bt601",
    "smpte170m": "bt601",
    "smpte240m": "smpte240m",
    "bt2020nc": "bt2020",
    "bt2020c": "bt2020",
}
"""Matrices that the scale filter can convert, by its names: two of equal coefficients have one name. With a
matrix that it cannot convert the filter fails, so no other ever reaches it."""

_STAND_INS = {
    "smpte2085": "bt2020nc",
    "ictcp": "bt2020nc",
    "ipt-c2": "bt2020nc",
    "chroma-derived-nc": "bt2020nc",
    "chroma-derived-c": "bt2020nc",
}
"""Which matrix is used to show one that cannot be converted, if not BT.709. Judgement: these come with
BT.2020 primaries. Another one changes the tint of thumbnails that are wrong already."""

_NUMBERS = {
    kind: {name: number for number, name in table.items()}
    for kind, table in (("primaries", PRIMARIES), ("transfer", TRANSFERS), ("matrix", MATRICES))
}


@dataclass(frozen=True, slots=True)
class ColourNumbers:
    """Primaries, transfer and matrix as code points."""

    primaries: int
    transfer: int
    matrix: int


def get_colour_numbers(primaries: str | None, transfer: str | None, matrix: str | None) -> ColourNumbers:
    """Return the code points of three names; None is unspecified. Raises KeyError for an unknown name."""
    return ColourNumbers(
        *(
            UNSPECIFIED if name is None else _NUMBERS[kind][name]
            for kind, name in (("primaries", primaries), ("transfer", transfer), ("matrix", matrix))
        )
    )


def can_convert(matrix: str) -> bool:
    """Return whether the scale filter has the coefficients of a matrix."""
    return matrix in _SCALER_NAMES


def get_scaler_matrix(matrix: str) -> str:
    """Return the scale filter's name of a matrix; of its stand-in if the filter cannot convert it."""
    return _SCALER_NAMES[matrix if can_convert(matrix) else _STAND_INS.get(matrix, "bt709")]
