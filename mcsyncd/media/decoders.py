"""Which of FFmpeg's decoders may read a clip.

FFmpeg has more than five hundred, for games, fax machines and what was streamed in 1998; a file chooses among
them by a name in its header. The fewer may run, the less code meets untrusted bytes.
"""

from __future__ import annotations

from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

_NAMES = """
h264 hevc libdav1d vp8 vp9 apv
mpeg1video mpeg2video mpeg4 h263 mjpeg dvvideo jpeg2000
prores dnxhd cfhd aic
rawvideo v210 v410 r210 ffv1 huffyuv ffvhuff utvideo theora
pcm_s8 pcm_u8 pcm_s16le pcm_s16be pcm_s24le pcm_s24be pcm_s32le pcm_s32be
pcm_f32le pcm_f32be pcm_f64le pcm_f64be pcm_alaw pcm_mulaw pcm_bluray pcm_dvd s302m
aac aac_latm ac3 eac3 alac flac mp1float mp2float mp1 mp2 mp3float mp3 opus vorbis
adpcm_ima_wav adpcm_ima_qt adpcm_ms g722 g726 g726le gsm_ms amrnb amrwb qcelp
"""

ALLOWED_DECODERS = tuple(_NAMES.split())
"""FFmpeg's names of the decoders that may run: pictures of today's phones and cameras, of yesterday's, of
editors and recorders, of screen recorders; then sound without loss, of today's devices, of yesterday's.
Judgement; of the 1,310 files of public collections that open, it leaves out codecs of 40 (DTS 15, Speex 11,
MPEG-4 ALS 8, VVC 2, WMA 2, GSM in AIFF, TrueHD).

Security boundary: what is not listed is treated like a codec that FFmpeg does not know. ProRes RAW stays out
for another reason: FFmpeg shows it in other colours than its maker's program does. One too few, and good
clips get no rendition, or no sound; one too many, and there is more to attack.
"""

_STILLS = Disposition.attached_pic | Disposition.timed_thumbnails | Disposition.still_image

DECODER_WHITELIST = ",".join(ALLOWED_DECODERS)
"""The same as FFmpeg's option `codec_whitelist` has it."""


def has_decoder(stream: VideoStream | AudioStream) -> bool:
    """Tell whether there is a decoder for a stream that may run."""
    # What FFmpeg has no decoder for has no codec context.
    return stream.codec_context is not None and stream.codec_context.codec.name in ALLOWED_DECODERS


def is_still(stream: VideoStream) -> bool:
    """Tell whether a stream is a picture about the clip, such as a cover or a thumbnail, and none of it."""
    return bool(stream.disposition & _STILLS)


def name_codec(stream: VideoStream | AudioStream) -> str:
    """Return FFmpeg's name of a stream's codec; "" if FFmpeg cannot decode it at all."""
    return "" if stream.codec_context is None else stream.codec_context.codec.canonical_name


def restrict_decoders(container: InputContainer, max_pixels: int) -> None:
    """Let no decoder of `container` open that may not run, nor begin a picture of more than `max_pixels`.

    A picture may be larger than its header says.
    """
    for stream in container.streams:
        if isinstance(stream, VideoStream | AudioStream) and stream.codec_context is not None:
            stream.codec_context.options = {
                "codec_whitelist": DECODER_WHITELIST,
                "max_pixels": str(max_pixels),
            }
