"""Bare sound whose header states no length is as long as its packets, not as FFmpeg guesses."""

from fractions import Fraction

import av
import numpy as np
import pytest

from mcsyncd.probe.probe import probe_clip

RATE = 48_000
SILENT_S, LOUD_S = 1, 3


def record_uneven(path, muxer, codec, options):
    """Write a second of silence, then three of noise: the first packets say little of the bit rate."""
    with av.open(str(path), "w", format=muxer, options=options) as container:
        stream = container.add_stream(codec, rate=RATE, layout="mono")
        if codec == "libmp3lame":
            stream.codec_context.options = {"abr": "1", "b": "96k"}
        step = stream.codec_context.frame_size or 4096
        fitted = av.AudioResampler(stream.codec_context.format.name, "mono", RATE)
        random = np.random.default_rng(3)
        for start in range(0, (SILENT_S + LOUD_S) * RATE, step):
            loud = start >= SILENT_S * RATE
            samples = random.integers(-20_000, 20_000, (1, step)) if loud else np.zeros((1, step))
            frame = av.AudioFrame.from_ndarray(samples.astype(np.int16), format="s16", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = RATE, start, Fraction(1, RATE)
            for made in fitted.resample(frame):
                container.mux(stream.encode(made))
        container.mux(stream.encode(None))
    return path


def forget_length(path):
    """Zero the count of samples, 36 bits, as a recorder does that cannot go back to the header."""
    content = bytearray(path.read_bytes())
    assert content[:4] == b"fLaC"
    content[21] &= 0xF0
    content[22:26] = bytes(4)
    path.write_bytes(content)
    return path


def decoded_us(path):
    with av.open(str(path)) as container:
        return sum(one.samples for one in container.decode(audio=0)) * 1_000_000 // RATE


@pytest.mark.parametrize(
    ("muxer", "codec", "options"),
    [("adts", "aac", {}), ("mp3", "libmp3lame", {"write_xing": "0"}), ("flac", "flac", {})],
    ids=["aac", "mp3", "flac"],
)
def test_sound_is_as_long_as_it_plays(muxer, codec, options, tmp_path):
    path = record_uneven(tmp_path / f"take.{muxer}", muxer, codec, options)
    if muxer == "flac":
        forget_length(path)
    media = probe_clip(path, as_is=True)
    truth = decoded_us(path)
    assert truth >= 3_900_000
    assert abs(media.duration_us - truth) <= 50_000  # an encoder's delay
    assert media.audio[0].duration_us == media.duration_us


def test_a_length_that_a_header_states_is_kept(tmp_path):
    path = record_uneven(tmp_path / "take.mp3", "mp3", "libmp3lame", {})
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        declared = round(stream.duration * stream.time_base * 1_000_000)
    assert probe_clip(path).duration_us == declared
