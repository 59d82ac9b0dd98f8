"""What the solver hears of files that were recorded at once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mcsyncd.model.clip import AnalysisAudio, AnalysisChannel, Clip
from mcsyncd.settings.stores import LocalStorage
from mcsyncd.settings.work_layout import WorkLayout
from mcsyncd.sync.parallel_recordings import merge_parallels
from mcsyncd.workers.solver_input import load_recording
from shoots import media

RATE, SAMPLES = 8000, 800


@pytest.fixture
def layout(tmp_path) -> WorkLayout:
    return WorkLayout(tmp_path / "drop", tmp_path, LocalStorage(kind="local", path=tmp_path))


def heard(folder: Path, name: str, level: int, start_us: int = 0, **of_media) -> Clip:
    (folder / f"{name}.pcm").write_bytes(np.full(SAMPLES, level, "<i2").tobytes())
    channel = AnalysisChannel(f"{name}.pcm", 0, 0, 2 * SAMPLES)
    audio = AnalysisAudio(RATE, start_us, SAMPLES, (channel,), "")
    return Clip("cam_b", name, 9, 9, media=replace(media(), **of_media), analysis_audio=audio)


def levels_of(recording) -> list[int]:
    return [int(channel[0]) for channel in recording.channels]


def test_files_that_were_recorded_at_once_are_one_recording_with_all_channels(tmp_path, layout):
    clips = [heard(tmp_path, f"T_Tr{number}.WAV", number) for number in (1, 2, 3)]
    take = heard(tmp_path, "U.WAV", 9)
    leaders = {clips[0].key: clips[1].key, clips[2].key: clips[1].key}
    found = merge_parallels([load_recording(clip, layout) for clip in (*clips, take)], leaders)
    assert [(one.name, levels_of(one)) for one in found] == [("T_Tr2.WAV", [2, 1, 3]), ("U.WAV", [9])]


def test_a_picture_without_sound_is_heard_by_the_sound_beside_it_and_told_by_its_clock(tmp_path, layout):
    picture = Clip("cam_b", "V.MXF", 9, 9, media=media(audio=False))
    beside = heard(tmp_path, "V00.MXF", 7, start_us=-40, video=None, time_reference_us=5_000_000)
    elsewhere = heard(tmp_path, "V01.MXF", 8, start_us=0, video=None)
    leaders = {beside.key: picture.key, elsewhere.key: picture.key}
    (found,) = merge_parallels(
        [load_recording(clip, layout) for clip in (beside, picture, elsewhere)], leaders
    )
    assert (found.name, levels_of(found), found.start_us) == ("V.MXF", [7], -40)
    assert found.clock.time_us == 5_000_000
