"""What a clip is: one bounded read of a file that must not be trusted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from av.container import InputContainer

from mcsyncd.containers.camera_metadata import read_capture_rate
from mcsyncd.containers.inspection import begins_container, find_shortfall, lacks_end_mark
from mcsyncd.containers.recorder_chunks import read_recorder_chunks
from mcsyncd.containers.shortfall import Shortfall
from mcsyncd.errors import BadMedia
from mcsyncd.media.claims import NO_CAMERA_HINT
from mcsyncd.media.failures import CONVERT_HINT, COPY_AGAIN_HINT
from mcsyncd.media.frames import list_reserved_tags
from mcsyncd.media.open import open_media
from mcsyncd.model.clip import Media, VideoStream
from mcsyncd.probe.clip_warnings import (
    NO_PICTURE,
    build_warnings,
    warn_about_intervals,
    warn_about_reserved_tags,
    warn_about_undecodable,
)
from mcsyncd.probe.encryption import check_encryption
from mcsyncd.probe.first_frames import read_first_frames
from mcsyncd.probe.recording_speed import find_capture_rate, warn_about_speed
from mcsyncd.probe.stated_length import measure_by_packets, states_length
from mcsyncd.probe.streams import (
    DEFAULT_TIME_BASE,
    choose_main_video,
    describe_audio_streams,
    describe_video_stream,
    find_hidden_picture,
    list_undecodable_audio,
)
from mcsyncd.probe.tags import find_recorded_at, find_time_reference_us, find_timecode

_MIN_SIDE, _MAX_SIDE = 16, 16_384
"""Least and greatest width and height in pixels. Judgement: no camera records smaller or larger frames.
Outside these limits, filters and encoders fail or exhaust memory."""


_MAX_FRAME_RATE = 10_000
"""Frames a second. Judgement: ten times the fastest rate at which cameras' files play (`model/rate.py`); what
is recorded faster is written to play slowly. Without the limit, a header decides how close together frames
are, down to what their times are rounded to."""


def probe_clip(path: Path, *, as_is: bool = False) -> Media:
    """Return what a clip is.

    Opens the file read-only, decodes its first frame and reads the times of about twenty seconds
    of packets; the cost does not grow with the clip, unless it is bare sound whose header states no
    length: its packets are read to the end. Raises BadMedia, naming the file and the next
    action, for anything that is not a complete clip with picture or sound, and OSError if the
    system cannot read the file. `as_is` accepts a clip that is not complete.
    """
    if not as_is:
        _refuse_cut_recording(path)
    with open_media(path) as container, path.open("rb") as file:
        shortfall, is_open_ended = find_shortfall(file), lacks_end_mark(file)
        if shortfall is not None and shortfall.certain and not as_is:
            raise _build_cut_error(path, shortfall)
        recorder_tags, notes = read_recorder_chunks(file)
        tags = [container.metadata, *(stream.metadata for stream in container.streams), recorder_tags]
        check_encryption(path, file)
        media = _describe_media(path, container, tags, file)
        if media.video is None and media.audio and not states_length(media.container, file):
            length_us = measure_by_packets(container, media.audio[0])
            track = replace(media.audio[0], duration_us=length_us)
            media = replace(media, duration_us=length_us, audio=(track, *media.audio[1:]))
        capture_rate = read_capture_rate(path) or find_capture_rate(tags)
        speed_warnings = tuple(warn_about_speed(media, capture_rate, tags))
        media = replace(media, warnings=(*media.warnings, *speed_warnings))
    if shortfall is not None:
        warning = f"it may lack something: {shortfall.detail}"
        media = replace(media, shortfall=shortfall.detail, warnings=(warning, *media.warnings))
    return replace(media, lacks_end_mark=is_open_ended, notes=notes)


def _refuse_cut_recording(path: Path) -> None:
    """Raise BadMedia for a recording that lacks a part, before FFmpeg searches a terabyte of zeros for it."""
    if not path.is_file():
        return  # `open_media` says what it is
    with path.open("rb") as file:
        shortfall = find_shortfall(file)
        if shortfall is not None and shortfall.certain and begins_container(file):
            raise _build_cut_error(path, shortfall)


def _build_cut_error(path: Path, shortfall: Shortfall) -> BadMedia:
    return BadMedia(f"{path.name} is cut off: {shortfall.detail}", COPY_AGAIN_HINT)


def _mark_hidden_picture(media: Media, codec: str) -> Media:
    warnings = [one for one in media.warnings if one != NO_PICTURE]
    used = ": only its sound is used" if media.audio else ""
    warning = f"its picture ({codec}) cannot be decoded{used}"
    return replace(media, hidden_picture=codec, warnings=(warning, *warnings))


def _describe_media(
    path: Path, container: InputContainer, tags: list[dict[str, str]], file: BinaryIO
) -> Media:
    # Before the packets are read, because that discards all streams but the picture.
    audio, undecodable = describe_audio_streams(container), list_undecodable_audio(container, file)
    hidden_codec = find_hidden_picture(container, file)
    video, video_warnings = _probe_video(path, container)
    if video is None and not audio and not hidden_codec:
        raise _build_refusal(path, undecodable)
    ends = [track.start_us + track.duration_us for track in audio]
    media = Media(
        container=container.format.name,
        duration_us=0,
        video=video,
        audio=audio,
        timecode=find_timecode(tags),
        recorded_at=find_recorded_at(tags),
        time_reference_us=find_time_reference_us(tags, audio[0].sample_rate) if audio else None,
    )
    length_us = max(ends) - media.origin_us if ends else container.duration or 0
    media = replace(
        media,
        duration_us=video.duration_us if video else length_us,
        warnings=(*video_warnings, *build_warnings(media), *warn_about_undecodable(undecodable)),
    )
    return _mark_hidden_picture(media, hidden_codec) if video is None and hidden_codec else media


def _build_refusal(path: Path, undecodable: Mapping[int, str]) -> BadMedia:
    if undecodable:
        what = ", ".join(dict.fromkeys(undecodable.values()))
        return BadMedia(f"{path.name} is not supported: its sound ({what}) cannot be decoded", CONVERT_HINT)
    return BadMedia(
        f"{path.name} has neither picture nor sound",
        "take it out of the drop folder, or record it again in another format",
    )


def _probe_video(path: Path, container: InputContainer) -> tuple[VideoStream | None, tuple[str, ...]]:
    """Return the video stream, if there is one, and warnings about it."""
    stream = choose_main_video(container)
    if stream is None:
        return None, ()
    first_frames = read_first_frames(container, stream)
    if first_frames.first is None:
        raise BadMedia(f"{path.name}: none of its first frames can be decoded", COPY_AGAIN_HINT)
    for side in (first_frames.first.width, first_frames.first.height):
        if not _MIN_SIDE <= side <= _MAX_SIDE:
            raise BadMedia(
                f"{path.name} has frames of {first_frames.first.width}x{first_frames.first.height} pixels",
                "no camera writes such a size: take it out of the drop folder",
            )
    described = describe_video_stream(container, stream, first_frames)
    if described.rate.fraction > _MAX_FRAME_RATE and first_frames.frame_count != 1:
        raise BadMedia(
            f"{path.name} claims {float(described.rate.fraction):,.0f} frames a second", NO_CAMERA_HINT
        )
    if container.format.name == "avi" and stream.codec_context.has_b_frames:
        raise BadMedia(
            f"{path.name} is an AVI with reordered frames, which does not say when they are shown",
            "set the camera to record without B-frames, or to MP4 or MOV",
        )
    return described, (
        *warn_about_intervals(first_frames.measure_intervals(stream.time_base or DEFAULT_TIME_BASE)),
        *warn_about_reserved_tags(list_reserved_tags(first_frames.first)),
    )
