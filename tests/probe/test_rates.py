"""True rates of real files, what a grid makes of them, and recordings that play at another speed."""

import json
from dataclasses import replace
from fractions import Fraction

import av
import numpy as np
import pytest

from footage import Shot, film, phone, steady
from mcsyncd.cli.main import main
from mcsyncd.conform.explain import TYPICAL_CLIP
from mcsyncd.conform.rate_notes import describe_rate_change
from mcsyncd.model.rate import Rate
from mcsyncd.probe.probe import probe_clip

QUIET = {"events": (), "size": (64, 48)}


@pytest.mark.parametrize(
    "rate",
    [Rate(240), Rate(240000, 1001), Rate(120), Rate(20), Rate(15), Rate(25, 2), Rate(10), Rate(7)],
    ids=str,
)
def test_a_camera_has_the_rate_that_it_has(rate, tmp_path):
    clip = film(tmp_path / "clip.mp4", Shot(steady(rate.fraction, 1.2), **QUIET))
    video = probe_clip(clip).video
    assert video.rate == rate
    assert not video.variable_rate


def test_a_phone_is_still_recognised(tmp_path):
    assert probe_clip(film(tmp_path / "clip.mp4", Shot(phone(3), **QUIET))).video.rate in {
        Rate(30),
        Rate(30000, 1001),
    }


@pytest.mark.parametrize(
    ("own", "grid", "said"),
    [
        (Rate(240), Rate(120), "drops 120 of 240 frames a second"),
        (Rate(15), Rate(30), "shows every frame twice"),
        (Rate(10), Rate(30), "shows every frame three times"),
        (Rate(25), Rate(30), "shows 5 frames a second more than there are"),
        (Rate(30), Rate(30000, 1001), "drops a frame every 33.37 s"),
        (Rate(24000, 1001), Rate(24), "shows a frame twice every 41.71 s"),
    ],
)
def test_what_a_grid_does_is_said(own, grid, said):
    video = replace(TYPICAL_CLIP.video, rate=own)
    (sentence,) = describe_rate_change(video, grid)
    assert said in sentence
    assert not list(describe_rate_change(video, own))


def test_explain_and_conform_say_the_same_and_nothing_is_lost(tmp_path, capsys):
    clip = film(tmp_path / "clip.mp4", Shot(steady(240, 1), **QUIET))
    for command in (
        ["profile", "explain", "mezz-h264", "--for", str(clip)],
        ["conform", str(clip), "--profile", "mezz-h264", "--out", str(tmp_path / "out"), "--json"],
    ):
        with pytest.raises(SystemExit):
            main(command)
        said = capsys.readouterr().out
        assert "drops 120 of 240 frames a second" in said
        assert "as recorded" not in said
    made = json.loads(said)
    assert (made["frames"], made["dropped"], made["rate"]) == (120, 120, "120")


def write_tagged(path, tags, rate=30, sound=False):
    """A clip of two seconds with the container's own tags."""
    with av.open(str(path), "w", options={"movflags": "use_metadata_tags"}) as container:
        stream = container.add_stream("libx264", rate=rate, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        track = container.add_stream("aac", rate=48_000, layout="mono") if sound else None
        container.metadata.update(tags)
        for number in range(2 * rate):
            frame = av.VideoFrame.from_ndarray(np.full((72, 64), 40 + number % 99, np.uint8), "yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if track is not None:
            block = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
            block.sample_rate, block.pts = 48_000, 0
            container.mux([*track.encode(block), *track.encode(None)])
    return path


def find_speed(path) -> list[str]:
    return [warning for warning in probe_clip(path).warnings if "recorded at" in warning]


def test_androids_slow_motion_is_named_with_what_sync_can_rely_on(tmp_path):
    clip = write_tagged(tmp_path / "clip.mp4", {"com.android.capture.fps": "120.000000"}, sound=True)
    (said,) = find_speed(clip)
    assert "recorded at 120 fps, plays at 30: slow motion, 4 times slower" in said
    assert "no offset by sound holds" in said


@pytest.mark.parametrize(
    "tags", [{"com.android.capture.fps": "30.00"}, {"com.android.capture.fps": "junk"}, {}]
)
def test_ordinary_clips_have_no_such_warning(tags, tmp_path):
    assert find_speed(write_tagged(tmp_path / "clip.mp4", tags)) == []


def test_a_time_lapse_is_named(tmp_path):
    (said,) = find_speed(write_tagged(tmp_path / "clip.mp4", {"com.android.capture.fps": "2.0"}))
    assert "15 times faster" in said


@pytest.mark.parametrize(("intent", "told"), [("0", True), ("1", False)])
def test_apples_slow_motion_runs_at_full_speed_here(intent, told, tmp_path):
    tags = {"com.apple.quicktime.full-frame-rate-playback-intent": intent}
    said = find_speed(write_tagged(tmp_path / "clip.mov", tags, rate=240))
    assert any("in step with its sound" in one for one in said) == told


def add_sony_metadata(path, capture: str, inside: bytes = b""):
    """Append the box that Sony's cameras write, with what it says of the rate; in the last box `inside`."""
    xml = (
        f'<NonRealTimeMeta><VideoFormat><VideoFrame captureFps="{capture}" formatFps="29.97p"/></VideoFormat>'
    )
    inner = xml.encode() + b"</NonRealTimeMeta>"
    inner = (len(inner) + 12).to_bytes(4, "big") + b"xml \0\0\0\0" + inner
    handler = (33).to_bytes(4, "big") + b"hdlr" + bytes(8) + b"nrtm" + bytes(13)
    body = bytes(4) + handler + inner
    box = (len(body) + 8).to_bytes(4, "big") + b"meta" + body
    content = path.read_bytes()
    if inside:  # the last box, so that only its own length changes
        at = content.rindex(inside) - 4
        assert at + int.from_bytes(content[at : at + 4], "big") == len(content)
        content = content[:at] + (len(content) - at + len(box)).to_bytes(4, "big") + content[at + 4 :]
    path.write_bytes(content + box)
    return path


def test_sonys_metadata_is_found_beside_the_clip(tmp_path):
    clip = write_tagged(tmp_path / "C0001.mov", {})
    (tmp_path / "C0001M01.XML").write_text(
        '<VideoFrame videoCodec="AVC" captureFps="120p" formatFps="29.97p"/>'
    )
    (said,) = find_speed(clip)
    assert "recorded at 120 fps, plays at 30: slow motion, 4 times slower" in said


def test_sonys_metadata_is_found_in_the_index_too(tmp_path):
    clip = add_sony_metadata(write_tagged(tmp_path / "clip.mp4", {}), "59.94p", inside=b"moov")
    (said,) = find_speed(clip)
    assert "recorded at 59.94 fps, plays at 30: slow motion, 2 times slower" in said


@pytest.mark.parametrize(
    ("capture", "told"), [("119.88p", True), ("29.97p", False), ("0p", False), ("x", False)]
)
def test_sonys_slow_and_quick_motion_is_named(capture, told, tmp_path):
    said = find_speed(add_sony_metadata(write_tagged(tmp_path / "clip.mp4", {}), capture))
    assert any("recorded at 119.88 fps" in one and "no sound" in one for one in said) == told
