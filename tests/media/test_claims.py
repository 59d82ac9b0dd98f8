"""What a header may claim: the file is refused, or the track left out, before anything is decoded."""

import struct
from fractions import Fraction

import av
import numpy as np
import pytest

from footage import Shot, film, steady
from mcsyncd.errors import BadMedia
from mcsyncd.media.claims import MAX_STREAMS
from mcsyncd.media.open import open_media
from mcsyncd.model.rate import Rate
from mcsyncd.probe.probe import probe_clip


def write_tracks(path, count):
    """Write an MOV of `count` short tracks of sound."""
    with av.open(str(path), "w") as container:
        tracks = [container.add_stream("pcm_s16le", rate=8_000, layout="mono") for _ in range(count)]
        frame = av.AudioFrame.from_ndarray(np.ones((1, 800), np.int16), format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 8_000, 0, Fraction(1, 8_000)
        for track in tracks:
            container.mux([*track.encode(frame), *track.encode(None)])
    return path


def read_packet_times(path):
    with av.open(str(path)) as container:
        return [packet.pts for packet in container.demux(video=0) if packet.size]


def write_wav(path, rate, channels):
    """Write a WAV with that in its header."""
    data = bytes(2 * channels * 1000)
    fmt = struct.pack(
        "<4sIHHIIHH", b"fmt ", 16, 1, channels, rate, min(2 * channels * rate, 2**32 - 1), 2 * channels, 16
    )
    chunk = struct.pack("<4sI", b"data", len(data)) + data
    path.write_bytes(b"RIFF" + struct.pack("<I", 4 + len(fmt) + len(chunk)) + b"WAVE" + fmt + chunk)
    return path


@pytest.mark.parametrize("more", [1, 40])
def test_more_streams_than_any_recorder_writes_are_refused(more, tmp_path):
    with (
        pytest.raises(BadMedia, match=rf"a\.mov claims to hold more than {MAX_STREAMS} streams"),
        open_media(write_tracks(tmp_path / "a.mov", MAX_STREAMS + more)),
    ):
        pytest.fail("it was opened")


def test_as_many_streams_as_are_allowed_are_read(tmp_path):
    assert len(probe_clip(write_tracks(tmp_path / "a.mov", MAX_STREAMS)).audio) == MAX_STREAMS


@pytest.mark.parametrize(("rate", "refused"), [(1000, False), (12_000, True)])
def test_a_rate_that_no_camera_has_is_refused(rate, refused, tmp_path):
    path = film(
        tmp_path / "a.avi",
        Shot(steady(25, 1), codec="mjpeg", pix_fmt="yuvj420p", options={}, time_base=Fraction(1, 25)),
    )
    content = bytearray(path.read_bytes())
    header = content.index(b"strh")  # AVI's header of a stream: time scale and rate follow 20 bytes later
    assert struct.unpack_from("<II", content, header + 28) == (1, 25)
    struct.pack_into("<II", content, header + 28, 1, rate)
    path.write_bytes(content)
    if not refused:
        assert probe_clip(path).video.rate == Rate(rate)
        return
    with pytest.raises(BadMedia, match=r"a\.avi claims 12,000 frames a second"):
        probe_clip(path)


@pytest.mark.parametrize("name", ["mov", "ts"])
def test_a_time_base_is_no_claim_of_a_rate(name, tmp_path):
    """Of two frames far apart, or of one, FFmpeg may take the time base for the rate: 90,000."""
    for count in (1, 2):
        path = film(tmp_path / f"{count}.{name}", Shot(steady(Fraction(1, 2), 2 * count)))
        assert len(read_packet_times(path)) == count
        assert probe_clip(path).video is not None


@pytest.mark.parametrize(
    ("rate", "channels", "claim"),
    [(768_001, 2, "pcm_s16le of 2 channels at 768001 Hz"), (48_000, 65, "pcm_s16le of 65 channels")],
)
def test_sound_that_no_recorder_writes_is_refused_by_what_it_claims(rate, channels, claim, tmp_path):
    with pytest.raises(BadMedia, match=rf"a\.wav is not supported: its sound \({claim}"):
        probe_clip(write_wav(tmp_path / "a.wav", rate, channels))


@pytest.mark.parametrize(("rate", "channels"), [(768_000, 2), (48_000, 64)])
def test_sound_at_the_ceiling_is_used(rate, channels, tmp_path):
    (track,) = probe_clip(write_wav(tmp_path / "a.wav", rate, channels)).audio
    assert (track.sample_rate, track.channels) == (rate, channels)
