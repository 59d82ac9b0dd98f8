"""Does a rendition decode to what was recorded when it was made? Run it in a process of its own."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from av.audio.resampler import AudioResampler
from av.codec.context import ThreadType
from av.container import InputContainer
from av.video.frame import VideoFrame

from mcsyncd.conform.evidence import AudioEvidence, FrameGroupHasher, compute_group_list_digest
from mcsyncd.errors import BadMedia
from mcsyncd.media.open import open_media
from mcsyncd.model.rate import Rate
from mcsyncd.model.rendition import Rendition, RenditionProof


def find_differences(path: Path, made: Rendition) -> tuple[str, ...]:
    """Decode a rendition from end to end and return, in words, what is not as recorded.

    Every picture has to come and to lie on its tick; the pictures of every `proof.every`-th
    group have to be those that the encoder made, and lossless sound what it was given. The bytes
    of the file are not looked at. Nothing is checked of a rendition without a proof.
    """
    if made.proof is None:
        return ()
    try:
        return (*_check_frames(path, made, made.proof), *_check_audio(path, made, made.proof))
    except BadMedia as error:
        return (f"cannot be decoded: {error.message}",)
    except OSError as error:
        return (f"cannot be read: {error.strerror}",)


def _check_frames(path: Path, made: Rendition, proof: RenditionProof) -> Iterator[str]:
    if not made.frames:
        return
    hashed, count, misplaced = FrameGroupHasher(proof.group_interval), 0, 0
    with open_media(path) as container:
        for picture in _decode_frames(container):
            misplaced += _compute_tick(picture, made.rate) != count
            if picture.key_frame:
                hashed.begin_group(count)
            hashed.add_frame(picture)
            count += 1
    hashed.end_group()
    if count != made.frames:
        yield f"{count} pictures come out of it, {made.frames} were written"
    if misplaced:
        yield f"{misplaced} pictures do not lie on their ticks"
    if compute_group_list_digest(hashed.groups) != proof.frames_sha256:
        yield "its pictures are not those that were encoded"


def _decode_frames(container: InputContainer) -> Iterator[VideoFrame]:
    stream = container.streams.video[0]
    stream.codec_context.thread_type = ThreadType.FRAME
    yield from container.decode(stream)


def _compute_tick(picture: VideoFrame, rate: Rate) -> Fraction | None:
    if picture.pts is None or not picture.time_base:
        return None
    return picture.pts * picture.time_base * rate.fraction


def _check_audio(path: Path, made: Rendition, proof: RenditionProof) -> Iterator[str]:
    recorded = [track.pcm_sha256 for track in made.tracks] or [proof.pcm]
    if not any(recorded):
        return
    with open_media(path) as container:
        found = len(container.streams.audio)
    if found < len(recorded):
        yield f"{found} audio tracks are in it, {len(recorded)} were written"
    for number, pcm in enumerate(recorded[:found]):
        named = f"audio track {number + 1}: " if len(recorded) > 1 else ""
        with open_media(path) as container:
            heard = _hash_audio(container, number)
        if heard.samples != proof.samples:
            yield f"{named}{heard.samples} samples of sound come out of it, {proof.samples} were written"
        if heard.pcm_sha256 != pcm:
            yield f"{named}its sound is not what was encoded"


def _hash_audio(container: InputContainer, number: int) -> AudioEvidence:
    stream = container.streams.audio[number]
    fmt = stream.codec_context.format.packed.name
    packed, heard = AudioResampler(fmt), AudioEvidence(fmt)
    for frame in container.decode(stream):
        for part in packed.resample(frame):
            heard.add_frame(part)
    for part in packed.resample(None):
        heard.add_frame(part)
    return heard
