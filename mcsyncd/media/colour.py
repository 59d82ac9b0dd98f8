"""Names of colour properties. Pure, so that plans can use them without loading the decoders.

The tables map the code points of ITU-T H.273 to the names that FFmpeg gives them; an unlisted code
point is treated as untagged.
"""

from __future__ import annotations

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
}
"""Colour primaries by code point (H.273, table 2)."""

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
}
"""Transfer characteristics by code point (H.273, table 3)."""

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
    14: "ictcp",
}
"""Matrix coefficients by code point (H.273, table 4)."""

FULL_RANGE = 2
"""FFmpeg's AVCOL_RANGE_JPEG: black is 0. Limited range (1) and untagged (0) are both treated as limited."""

HDR_TRANSFERS = {"smpte2084": "PQ", "arib-std-b67": "HLG"}
"""Transfer characteristics of high dynamic range, and their common names (ITU-R BT.2100)."""
