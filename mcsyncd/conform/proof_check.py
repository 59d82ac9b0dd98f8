"""Check that a rendition decodes to what was recorded when it was made. Run it in a process of its own."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from av.audio.resampler import AudioResampler
from av.codec.context import ThreadType
from av.container import InputContainer
from av.video.frame import VideoFrame

from mcsyncd.conform.audio_tracks import format_track_prefix
from mcsyncd.conform.evidence import AudioEvidence, FrameGroupHasher, compute_group_list_digest
from mcsyncd.errors import BadMedia
from mcsyncd.media.open import open_media
from mcsyncd.model.rate import Rate
from mcsyncd.model.rendition import Rendition


def find_differences(path: Path, rendition: Rendition) -> tuple[str, ...]:
    """Decode a rendition completely and return a sentence for each difference from its proof.

    Every frame must decode and be on its tick. The frames of every `proof.group_interval`-th group
    must be those that the encoder produced, and lossless audio must be what the encoder was given.
    The bytes of the file are not compared.
    """
    try:
        return (*_check_frames(path, rendition), *_check_audio(path, rendition))
    except BadMedia as error:
        return (f"cannot be decoded: {error.message}",)
    except OSError as error:
        return (f"cannot be read: {error.strerror}",)


def _check_frames(path: Path, rendition: Rendition) -> Iterator[str]:
    if not rendition.frames:
        return
    hasher, count, misplaced = FrameGroupHasher(rendition.proof.group_interval), 0, 0
    with open_media(path) as container:
        for frame in _decode_frames(container):
            misplaced += _compute_tick(frame, rendition.rate) != count
            if frame.key_frame:
                hasher.begin_group(count)
            hasher.add_frame(frame)
            count += 1
    hasher.end_group()
    if count != rendition.frames:
        yield f"{count} frames can be decoded, {rendition.frames} were written"
    if misplaced:
        yield f"{misplaced} frames are not on their ticks"
    if compute_group_list_digest(hasher.groups) != rendition.proof.frames_sha256:
        yield "its frames differ from those that were encoded"


def _decode_frames(container: InputContainer) -> Iterator[VideoFrame]:
    stream = container.streams.video[0]
    stream.codec_context.thread_type = ThreadType.FRAME
    yield from container.decode(stream)


def _compute_tick(frame: VideoFrame, rate: Rate) -> Fraction | None:
    if frame.pts is None or not frame.time_base:
        return None
    return frame.pts * frame.time_base * rate.fraction


def _check_audio(path: Path, rendition: Rendition) -> Iterator[str]:
    recorded = [track.pcm_sha256 for track in rendition.tracks]
    if not any(recorded):
        return
    with open_media(path) as container:
        found = len(container.streams.audio)
    if found < len(recorded):
        yield f"{found} audio tracks found, {len(recorded)} were written"
    for number, pcm_sha256 in enumerate(recorded[:found]):
        prefix = format_track_prefix(number, len(recorded))
        with open_media(path) as container:
            decoded = _hash_audio(container, number)
        if decoded.samples != rendition.proof.samples:
            yield (
                f"{prefix}{decoded.samples} audio samples can be decoded, "
                f"{rendition.proof.samples} were written"
            )
        if decoded.pcm_sha256 != pcm_sha256:
            yield f"{prefix}its audio differs from what was encoded"


def _hash_audio(container: InputContainer, number: int) -> AudioEvidence:
    stream = container.streams.audio[number]
    sample_format = stream.codec_context.format.packed.name
    packer, evidence = AudioResampler(sample_format), AudioEvidence(sample_format)
    for frame in container.decode(stream):
        for packed in packer.resample(frame):
            evidence.add_frame(packed)
    for packed in packer.resample(None):
        evidence.add_frame(packed)
    return evidence
