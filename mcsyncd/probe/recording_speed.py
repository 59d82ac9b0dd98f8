"""Whether a clip was recorded at another speed than it plays: slow motion, quick motion, time lapse. Pure.

Cameras that stretch time say so in their own tags only; picture and sound look like those of any clip.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction

from mcsyncd.model.clip import Media
from mcsyncd.model.rate import recognise_rate

_CAPTURE_RATE_KEY = "com.android.capture.fps"
"""Android's tag: how many frames were recorded per second, as a number."""

_FULL_RATE_KEY = "com.apple.quicktime.full-frame-rate-playback-intent"
"""Apple's tag: "0" if its Photos app plays a part of the clip slowly. The file itself runs at full speed."""

_HIGH_RATE = 100
"""Frames per second from which Apple's tag is about slow motion: its phones write it into every clip."""

_SAME_SPEED = Fraction(1, 20)
"""Relative difference of two rates up to which nothing is stretched. Judgement: phones round, and their rate
varies. Higher, 25 recorded for 24 is not told; lower, every phone's clip is slow motion."""

_MAX_DIGITS = 20
"""Characters of a rate that are read: longer ones are no rate."""


def find_capture_rate(tags: Iterable[Mapping[str, str]]) -> Fraction | None:
    """Return the frames that were recorded per second, if a tag says so; None otherwise."""
    for mapping in tags:
        rate = _parse_rate(mapping.get(_CAPTURE_RATE_KEY, ""))
        if rate is not None:
            return rate
    return None


def warn_about_speed(
    media: Media, capture_rate: Fraction | None, tags: Iterable[Mapping[str, str]]
) -> Iterator[str]:
    """Yield a sentence if a clip was recorded at another speed than it plays, with what sync can rely on."""
    if media.video is None:
        return
    own = media.video.rate.fraction
    if capture_rate is not None and abs(capture_rate / own - 1) > _SAME_SPEED:
        yield _describe_speed(capture_rate, own, has_sound=bool(media.audio))
    elif own >= _HIGH_RATE and any(mapping.get(_FULL_RATE_KEY) == "0" for mapping in tags):
        yield (
            f"recorded at {_format_rate(own)} fps to be played slowly in part by the phone: "
            "here all of it runs at the speed of recording, in step with its sound"
        )


def _describe_speed(capture: Fraction, own: Fraction, *, has_sound: bool) -> str:
    slow = capture > own
    kind = "slow motion" if slow else "quick motion or time lapse"
    factor = float(capture / own if slow else own / capture)
    sound = (
        "its sound is of another speed or of a part only, so no offset by sound holds"
        if has_sound
        else "it has no sound"
    )
    return (
        f"recorded at {_format_rate(capture)} fps, plays at {_format_rate(own)}: {kind}, {factor:.3g} times "
        f"{'slower' if slow else 'faster'}; {sound}, and a clock is right for its first frame only"
    )


def _parse_rate(text: str) -> Fraction | None:
    text = text.strip()
    if not text.replace(".", "", 1).isdecimal() or not text.isascii() or len(text) > _MAX_DIGITS:
        return None
    value = Fraction(text)
    return recognise_rate(value).fraction if value > 0 else None


def _format_rate(rate: Fraction) -> str:
    return f"{float(rate):.5g}"
