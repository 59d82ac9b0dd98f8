"""What ffprobe reads in a recording and in its proxy, and where the two differ."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from mcsyncd.model.clip import MAX_END_GAP_US, Media
from mcsyncd.model.rendition import Rendition

_LENGTH_TOLERANCE_S = 0.1
"""Seconds. Judgement: half a tick at either end, and the last packet of a lossy codec; a lost group of frames
or a second of sound is more."""

_SHAPE_TOLERANCE = 0.03
"""Relative. Judgement: sizes are rounded to even pixels; a wrong turn or pixel aspect is more."""

_FFPROBE = ["ffprobe", "-v", "error", "-of", "json"]
_LIMIT_S = 120


@dataclass(frozen=True, slots=True)
class _StreamReading:
    """Length in seconds from the first decoded frame to the end of the last; width over height, as shown."""

    length_s: float
    shape: float = 0.0


def find_differences(source: Path, media: Media, proxy: Rendition) -> list[str]:
    """Return in words how the proxy differs from the source by ffprobe; nothing without ffprobe."""
    if not shutil.which("ffprobe"):
        return []
    differences = []
    shown = _read_stream(source, media.video.index) if media.video else None
    made = Path(proxy.path)
    if shown is not None and (drawn := _read_stream(made, 0)) is not None:
        if abs(shown.length_s - drawn.length_s) > _LENGTH_TOLERANCE_S + float(1 / proxy.rate.fraction):
            differences.append(
                f"its picture lasts {shown.length_s:.3f} s, the proxy's {drawn.length_s:.3f} s"
            )
        if abs(shown.shape / drawn.shape - 1) > _SHAPE_TOLERANCE:
            differences.append(f"its picture is {shown.shape:.3f}:1, the proxy's {drawn.shape:.3f}:1")
    if media.audio and media.video is None:
        heard, written = _read_stream(source, media.audio[0].index), _read_stream(made, 0)
        padding_s = written.length_s - heard.length_s if heard and written else 0.0
        if heard and written and not -_LENGTH_TOLERANCE_S <= padding_s <= MAX_END_GAP_US / 1e6:
            differences.append(
                f"its sound lasts {heard.length_s:.3f} s, the proxy's {written.length_s:.3f} s"
            )
    return differences


def _read_stream(path: Path, index: int) -> _StreamReading | None:
    """Decode a stream; None where ffprobe finds nothing in it."""
    command = [*_FFPROBE, "-select_streams", str(index), "-show_streams", "-show_frames"]
    entries = "stream=codec_type,width,height,sample_aspect_ratio,sample_rate,avg_frame_rate:stream_side_data"
    entries += ":frame=pts_time,pkt_duration_time,duration_time,nb_samples"
    done = subprocess.run(  # noqa: S603  # our own arguments, and an absolute path
        [*command, "-show_entries", entries, path.absolute()],
        capture_output=True,
        timeout=_LIMIT_S,
        check=False,
    )
    try:
        found = json.loads(done.stdout or b"{}")
    except json.JSONDecodeError:
        return None  # ffprobe does not know the codec, and writes half a document
    frames = found.get("frames", ())
    if not frames or not found.get("streams"):
        return None
    stream = found["streams"][0]
    if stream["codec_type"] == "audio":  # of a packet's frames, only the first may have a time
        return _StreamReading(sum(one["nb_samples"] for one in frames) / int(stream["sample_rate"]))
    times = sorted(float(one["pts_time"]) for one in frames if "pts_time" in one)
    if not times:
        return None
    step = (times[-1] - times[0]) / (len(times) - 1) if len(times) > 1 else 0.0
    last = float(frames[-1].get("pkt_duration_time") or frames[-1].get("duration_time") or step)
    return _StreamReading(times[-1] - times[0] + last, _read_shape(stream))


def _read_shape(stream: dict[str, object]) -> float:
    """Return the width of the picture as it is shown, turned, over its height."""
    aspect = str(stream.get("sample_aspect_ratio", "1:1"))
    across, down = (int(part) for part in aspect.split(":")) if ":" in aspect else (1, 1)
    shape = int(str(stream["width"])) * (across or 1) / (int(str(stream["height"])) * (down or 1))
    sides = stream.get("side_data_list", [])
    assert isinstance(sides, list)
    turn = next((int(one["rotation"]) for one in sides if "rotation" in one), 0)
    return 1 / shape if turn % 180 else shape
