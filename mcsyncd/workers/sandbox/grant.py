"""What contained code may touch and how much it may use. Pure: paths and numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

_GIB = 1 << 30

DECODER_MEMORY_BYTES = 4 * _GIB
"""Address space to find out what a clip is, to extract its audio or to show a frame. Judgement: several
frames of 8K beside the code and the stacks of threads. Lower, and large clips fail; higher, and a hostile
file takes memory from others for longer."""
ENCODER_MEMORY_BYTES = 8 * _GIB
"""Address space to conform a clip: several times what a 4K clip holds (1084 MiB, docs/performance.md),
because address space counts mapped files, too. Lower, and large clips fail."""

DECODER_CPU_S, LISTENER_CPU_S, ENCODER_CPU_S = 3600, 24 * 3600, 30 * 24 * 3600
"""Seconds of processor time. Judgement: above what the limits on elapsed time let through on thirty cores;
they are for a process that nobody watches any more."""

OPEN_FILES = 128
"""Descriptors. Judgement: a conform job holds about twenty; a leak or an attack ends here."""

MAX_WRITTEN_FILES = 200_000
"""Files and folders that a call may make. Judgement: a day in segments of six seconds has 58,000. Without the
limit, empty files use up a disk's inodes."""

OUTPUT_FACTOR = 4
"""How many times its largest file a call may write in all. Mezzanine and proxy lie there twice, as segments
and as a whole, before the segments go."""

ATTACK_HINT = "the clip may attack its decoder: keep it away from other machines, and report it"
"""The operator's next action when a decoder does what no decoder of ours does."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a contained call may do; anything else is refused.

    It may read the files `reads`, and read, make and write what lies below the folders `writes`: no file of
    more than `file_bytes`, no more than `written_bytes` in all. `devices` are drivers' files that it may use;
    with any, the drivers' own libraries and settings may be read, too.
    """

    reads: tuple[Path, ...] = ()
    writes: tuple[Path, ...] = ()
    file_bytes: int = 0
    written_bytes: int = 0
    memory_bytes: int = DECODER_MEMORY_BYTES
    cpu_s: int = DECODER_CPU_S
    devices: tuple[Path, ...] = field(default=())
