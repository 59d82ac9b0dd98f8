"""The published waveform: what it says, where it lies, and that the world's own reader reads it."""

from __future__ import annotations

import json
import shutil
import struct
import subprocess
from math import ceil, floor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hearing import RATE, as_int16, babble
from mcsyncd.listen.peaks.waveform import FileClock, write_waveform
from mcsyncd.model.drift_curve import DriftKnot

READER = Path(__file__).with_name("read_waveform.mjs")
WAVEFORM_DATA = "waveform-data@4.5.2"  # what peaks.js 4.0.0 asks for
PIXEL_S = 256 / 48_000
OWN_CLOCK = FileClock()
EARLY, LATE = ((DriftKnot(0, 0), DriftKnot(50_000_000, shift_us)) for shift_us in (-8_000, 8_000))


def recorded(folder: Path, *sounds: np.ndarray) -> list[Path]:
    channels = []
    for number, sound in enumerate(sounds):
        channels.append(folder / f"{number}.s16")
        channels[-1].write_bytes(sound.astype("<i2").tobytes())
    return channels


def drawn(path: Path) -> np.ndarray:
    """The pixels as the description of the format has them: (pixels, channels, lowest and highest)."""
    raw = path.read_bytes()
    version, flags, rate, scale, length, channels = struct.unpack_from("<iIiiIi", raw)
    assert (version, flags, rate, scale) == (2, 1, 48_000, 256)
    pixels = np.frombuffer(raw, np.int8, offset=24)
    assert pixels.size == 2 * length * channels
    return pixels.reshape(length, channels, 2)


def expected(sound: np.ndarray, pixels: int) -> np.ndarray:
    """Lowest and highest of every sample that lies in a pixel, in eight bits, by hand."""
    step = PIXEL_S * RATE
    cells = [sound[floor(i * step + 1e-6) : ceil((i + 1) * step - 1e-6)] for i in range(pixels)]
    pairs = [(cell.min(), cell.max()) if cell.size else (0, 0) for cell in cells]
    return np.clip(np.rint(np.array(pairs) / 256), -128, 127).astype(np.int8)


@pytest.fixture(scope="session")
def reader(request) -> Path:
    """The folder in which waveform-data is installed; kept between runs."""
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("no node and npm in PATH to run the reader of peaks.js with")
    folder = request.config.cache.mkdir("waveform")
    if not (folder / "node_modules" / "waveform-data").is_dir():
        command = ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(folder), WAVEFORM_DATA]
        if subprocess.run(command, check=False, capture_output=True, timeout=120).returncode:
            pytest.skip(f"npm could not install {WAVEFORM_DATA}")
    return folder


def read(reader: Path, path: Path, zoom: int) -> dict:
    command = ["node", READER, path, str(zoom)]
    told = subprocess.run(command, cwd=reader, check=False, capture_output=True, text=True, timeout=60)
    assert told.returncode == 0, told.stderr[-2000:]
    return json.loads(told.stdout)


def test_the_reader_of_peaks_js_reads_the_same_header_and_pixels(reader, tmp_path):
    sounds = [as_int16(gain * babble(seed, 20)) for seed, gain in ((4, 1.0), (5, 0.2))]
    path = tmp_path / "two.dat"
    write_waveform(path, recorded(tmp_path, *sounds), start_us=0, clock=OWN_CLOCK, duration_us=20_000_000)
    told = read(reader, path, 512)
    pixels = ceil(20 / PIXEL_S)
    assert told["header"] == {
        "version": 2,
        "sample_rate": 48_000,
        "scale": 256,
        "bits": 8,
        "length": pixels,
        "channels": 2,
        "duration": pytest.approx(pixels * PIXEL_S),
    }
    by_hand = np.stack([expected(sound, pixels) for sound in sounds])
    assert by_hand.max() > 50
    assert np.array_equal(np.array(told["pixels"]).transpose(0, 2, 1), by_hand)
    halved = by_hand[:, : pixels // 2 * 2].reshape(2, -1, 2, 2)
    zoomed = np.array(told["zoomed"])[:, :, : pixels // 2]
    assert np.array_equal(zoomed[:, 0], halved[..., 0].min(axis=2))
    assert np.array_equal(zoomed[:, 1], halved[..., 1].max(axis=2))


@settings(max_examples=30)
@given(
    start_us=st.integers(-2_000_000, 2_000_000),
    clock=st.builds(
        FileClock, st.integers(-20_000, 20_000), st.floats(-200, 200), st.sampled_from([(), EARLY, LATE])
    ),
    at=st.integers(0, 59 * RATE),
)
def test_a_click_lies_where_the_file_has_it(start_us, clock, at, tmp_path_factory):
    """Session time is phase + clip time * (1 + drift) + shift: docs/manifest.md, and conform's own rule."""
    folder = tmp_path_factory.mktemp("click")
    sound = np.zeros(60 * RATE, np.int16)
    sound[at] = 20_000
    path = folder / "click.dat"
    write_waveform(path, recorded(folder, sound), start_us=start_us, clock=clock, duration_us=62_000_000)
    found = np.flatnonzero(drawn(path)[:, 0, 1])
    clip_s = start_us / 1e6 + at / RATE
    shift_s = clock.curve[1].shift_us / 1e6 * min(1, max(0, clip_s / 50)) if clock.curve else 0
    first = (clock.phase_us / 1e6 + clip_s * (1 + clock.drift_ppm / 1e6) + shift_s) / PIXEL_S
    last = first + 1 / RATE / PIXEL_S
    if clock.curve:  # which is followed from chunk to chunk
        first, last = first - 0.4, last + 0.4
    if last < 0:
        assert found.size == 0, "the file begins after it"
    elif first > 1:
        assert first - 1.01 < found[0] <= found[-1] < last + 0.01


def test_a_long_file_is_drawn_without_a_seam(tmp_path):
    """Longer than what is drawn at a time."""
    sound = as_int16(np.tile(babble(6, 10), 40))
    path = tmp_path / "long.dat"
    write_waveform(path, recorded(tmp_path, sound), start_us=0, clock=OWN_CLOCK, duration_us=400_000_000)
    assert np.array_equal(drawn(path)[:, 0], expected(sound, 75_000))


def test_after_the_end_of_the_sound_it_is_flat_to_the_end_of_the_file(tmp_path):
    path = tmp_path / "short.dat"
    sound = np.full(RATE, 9000, np.int16)
    write_waveform(path, recorded(tmp_path, sound), start_us=500_000, clock=OWN_CLOCK, duration_us=4_000_000)
    pixels = drawn(path)[:, 0, 1]
    assert pixels.size == 750
    assert np.flatnonzero(pixels).tolist() == list(range(floor(0.5 / PIXEL_S), ceil(1.5 / PIXEL_S)))


@pytest.mark.parametrize("channels", [0, 1])
def test_where_nothing_was_heard_one_flat_channel_stands_for_it(channels, tmp_path, reader):
    path = tmp_path / "flat.dat"
    empty = [np.zeros(0, np.int16)] * channels
    write_waveform(path, recorded(tmp_path, *empty), start_us=0, clock=OWN_CLOCK, duration_us=1_000_000)
    told = read(reader, path, 1024)
    assert told["header"]["channels"] == 1
    assert not np.any(told["pixels"])


def test_full_scale_stays_in_eight_bits(tmp_path):
    sound = np.tile(np.array([-32768, 32767], np.int16), RATE // 2)
    path = tmp_path / "loud.dat"
    write_waveform(path, recorded(tmp_path, sound), start_us=0, clock=OWN_CLOCK, duration_us=1_000_000)
    assert (drawn(path)[:187, 0] == (-128, 127)).all()


def test_a_channel_that_is_gone_is_an_error_and_leaves_no_waveform(tmp_path):
    with pytest.raises(FileNotFoundError):
        write_waveform(
            tmp_path / "x.dat", [tmp_path / "gone.s16"], start_us=0, clock=OWN_CLOCK, duration_us=1_000_000
        )
    assert not (tmp_path / "x.dat").exists()
