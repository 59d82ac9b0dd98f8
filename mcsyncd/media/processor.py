"""What of this machine's processor x264 may use."""

from __future__ import annotations

from pathlib import Path

_PROCESSOR_FILE = Path("/proc/cpuinfo")


def choose_x264_options(processor: str) -> tuple[tuple[str, str], ...]:
    """Return x264's options for equal bytes on a processor, which is described as in /proc/cpuinfo. Pure.

    Measured with x264 core 165 in a virtual machine on an AMD EPYC: with AVX-512 the bytes depend on chance,
    whatever the threads. 19 of 440 renditions of 12 s differed at 160x90, and 7 of 480 at 426x240; with AVX2
    none of 840 and of 400. Without macroblock trees none differs either, so they seem to be the part that is
    affected: quantisers change, pictures do not. AVX2 takes 1 % more CPU.

    Forcing AVX2 on a processor without it would crash, so one without AVX-512 is left alone.
    """
    flags = {word for line in processor.splitlines() if line.startswith("flags") for word in line.split()}
    return (("x264-params", "asm=AVX2"),) if {"avx512f", "avx2"} <= flags else ()


def _read_processor() -> str:
    try:
        return _PROCESSOR_FILE.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""


X264_OPTIONS = choose_x264_options(_read_processor())
"""Those for this machine. Read when the module is loaded: a process that decodes a clip may not read it."""
