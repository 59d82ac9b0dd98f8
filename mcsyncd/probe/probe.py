"""What is this clip? One bounded read of a file that nobody vouches for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from av.container import InputContainer

from mcsyncd.errors import BadMedia
from mcsyncd.media.open import COPY_AGAIN_HINT, open_media
from mcsyncd.model.clip import Media, VideoStream
from mcsyncd.probe.boxes import count_missing_bytes
from mcsyncd.probe.clip_warnings import build_warnings, warn_about_intervals, warn_about_undecodable
from mcsyncd.probe.first_frames import read_first_frames
from mcsyncd.probe.streams import (
    DEFAULT_TIME_BASE,
    choose_main_video,
    describe_audio_streams,
    describe_video_stream,
    list_undecodable_audio,
)
from mcsyncd.probe.tags import find_recorded_at, find_timecode

_MIN_SIDE, _MAX_SIDE = 16, 16_384


def probe_clip(path: Path) -> Media:
    """Find out what a clip is.

    Opens the file read-only, decodes its first picture and reads the times of some twenty
    seconds of packets; the cost does not grow with the clip. Raises BadMedia, naming the file
    and the next action, for anything that is not a whole clip with picture or sound, and
    OSError where the file cannot be read at all.
    """
    with open_media(path) as container:
        with path.open("rb") as file:
            missing = count_missing_bytes(file)
        if missing:
            raise BadMedia(f"{path.name} is cut off: {missing} bytes are missing at its end", COPY_AGAIN_HINT)
        return _describe_media(path, container)


def _describe_media(path: Path, container: InputContainer) -> Media:
    # Before the packets are read, because reading them narrows the container to the picture.
    audio, lost = describe_audio_streams(container), list_undecodable_audio(container)
    tags = [container.metadata, *(stream.metadata for stream in container.streams)]
    video, said = _probe_video(path, container)
    if video is None and not audio:
        raise BadMedia(
            f"{path.name} has neither picture nor sound that can be decoded",
            "take it out of the drop folder, or record it again in another format",
        )
    ends = [track.start_us + track.duration_us for track in audio]
    media = Media(
        container=container.format.name,
        duration_us=0,
        video=video,
        audio=audio,
        timecode=find_timecode(tags),
        recorded_at=find_recorded_at(tags),
    )
    length_us = video.duration_us if video else max(ends) - media.origin_us
    return replace(
        media, duration_us=length_us, warnings=(*said, *build_warnings(media), *warn_about_undecodable(lost))
    )


def _probe_video(path: Path, container: InputContainer) -> tuple[VideoStream | None, tuple[str, ...]]:
    """Return the picture, if there is one, and what is to be said about it."""
    stream = choose_main_video(container)
    if stream is None:
        return None, ()
    seen = read_first_frames(container, stream)
    if seen.first is None:
        raise BadMedia(f"{path.name}: not one of its pictures can be decoded", COPY_AGAIN_HINT)
    for side in (seen.first.width, seen.first.height):
        if not _MIN_SIDE <= side <= _MAX_SIDE:
            raise BadMedia(
                f"{path.name} has pictures of {seen.first.width}x{seen.first.height}",
                "no camera writes such a size: take it out of the drop folder",
            )
    if container.format.name == "avi" and stream.codec_context.has_b_frames:
        raise BadMedia(
            f"{path.name} is an AVI with reordered pictures, which does not say when they are shown",
            "let the camera record without B pictures, or into MP4 or MOV",
        )
    return describe_video_stream(container, stream, seen), warn_about_intervals(
        seen.measure_intervals(stream.time_base or DEFAULT_TIME_BASE)
    )
