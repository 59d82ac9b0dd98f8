"""`verify media --deep`: a sentence for what differs, none for what does not, and no crash of its own."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from footage import Shot, film, steady
from mcsyncd.checks import decode
from mcsyncd.conform.conform import conform_with_profiles
from mcsyncd.conform.grid import Grid
from mcsyncd.model.rate import Rate
from mcsyncd.model.rendition import Rendition
from mcsyncd.probe.probe import probe_clip
from mcsyncd.settings.load import find_shipped_profiles
from mcsyncd.settings.profiles import load_profile


@pytest.fixture
def made(tmp_path) -> Rendition:
    source = film(tmp_path / "clip.mov", Shot(steady(25, 1), (0, 1)))
    profile = load_profile(find_shipped_profiles(), "mezz-h264")
    asked = (("mezzanine", profile.build_ref("mezz-h264")),)
    return conform_with_profiles(
        source, probe_clip(source), Grid(Rate(25)), asked, folder=tmp_path, stem="clip"
    ).renditions[0]


def test_only_what_differs_is_told_and_by_its_name(made):
    path = Path(made.path)
    longer = replace(made, frames=made.frames + 1)
    faults = decode.check_decoding([(path, made), (path, longer)])
    assert faults == [f"{path}: 25 frames can be decoded, 26 were written"]


def _killed(path: Path, made: Rendition) -> tuple[str, ...]:
    os.kill(os.getpid(), signal.SIGSEGV)
    return ()


def test_a_decoder_that_crashes_is_a_finding_and_the_next_file_is_looked_at(made, monkeypatch):
    # A file that crashes the decoder of today cannot be provoked; the process's death can.
    monkeypatch.setattr(decode, "_compare_decoded", _killed)
    path = Path(made.path)
    assert decode.check_decoding([(path, made)] * 2) == [f"{path}: its decoder crashed"] * 2
