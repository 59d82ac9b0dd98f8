"""What ends too early in a clip whose sound was decoded to its end. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mcsyncd.model.clip import MAX_END_GAP_US, EarlyEnd, Media

_UNSTATED_FORMATS = frozenset({"mp3"})
"""FFmpeg's names of the containers whose duration is a guess from the size of the file. Comparing with it
calls whole recordings short; what such a file states in bytes was compared before."""


def find_early_ends(media: Media, decoded_ends: Mapping[int, int]) -> tuple[EarlyEnd, ...]:
    """Compare where the sound ends with what the file declares, and with the picture.

    `decoded_ends` are the ends of the decoded tracks by stream index, in microseconds of clip time.
    Of several tracks, the one that lacks most is reported.
    """
    if not decoded_ends:
        return ()
    declared = list(_list_declared_ends(media, decoded_ends))
    worst = max(declared, key=lambda end: end.expected_us - end.end_us, default=None)
    if worst is not None:
        return (worst,)
    sound_us, picture_us = max(decoded_ends.values()), media.duration_us
    if media.video is None or not media.video.duration_us:
        return ()
    if picture_us - sound_us > MAX_END_GAP_US:
        return (EarlyEnd("sound", "other", sound_us, picture_us),)
    if sound_us - picture_us > MAX_END_GAP_US:
        return (EarlyEnd("picture", "other", picture_us, sound_us),)
    return ()


def _list_declared_ends(media: Media, decoded_ends: Mapping[int, int]) -> Iterator[EarlyEnd]:
    for track in media.audio if media.container not in _UNSTATED_FORMATS else ():
        declared_us = track.start_us + track.duration_us - media.origin_us
        end_us = decoded_ends.get(track.index, declared_us)
        if declared_us - end_us > MAX_END_GAP_US:
            yield EarlyEnd("sound", "declared", end_us, declared_us)


def describe_early_end(end: EarlyEnd) -> str:
    """Return an early end as a sentence about the clip."""
    other = "sound" if end.stream == "picture" else "picture"
    expected = "end that the file declares" if end.measure == "declared" else f"{other} does"
    early_s = (end.expected_us - end.end_us) / 1_000_000
    return f"the {end.stream} ends {early_s:.1f} s before the {expected}"
