"""Equal bytes from x264, whatever the processor."""

import av
import av.logging
import pytest

from mcsyncd.media.processor import X264_OPTIONS, choose_x264_options


@pytest.mark.parametrize(
    ("flags", "limited"),
    [
        ("fpu sse4_2 avx avx2 avx512f avx512bw", True),
        ("fpu sse4_2 avx avx2", False),
        ("fpu sse2", False),
        ("fpu avx512f", False),  # AVX2 is hidden from this guest: to ask for it would crash
    ],
)
def test_avx512_is_left_alone_and_avx2_is_asked_for_only_where_it_is(flags, limited):
    processor = f"processor : 0\nmodel name : avx512f avx2\nflags : {flags}\n"
    assert bool(choose_x264_options(processor)) == limited


def test_a_processor_that_says_nothing_is_left_alone():
    assert choose_x264_options("") == ()


def test_x264_uses_no_avx512_here():
    """The encoder itself says what it uses."""
    with av.logging.Capture() as lines, av.open("/dev/null", "w", format="mp4") as container:
        av.logging.set_level(av.logging.INFO)
        try:
            stream = container.add_stream("libx264", rate=30, options=dict(X264_OPTIONS))
            stream.width, stream.height, stream.pix_fmt = 160, 90, "yuv420p"
            stream.encode(av.VideoFrame(160, 90, "yuv420p"))
        finally:
            av.logging.set_level(None)
    (said,) = [text for _, name, text in lines if name == "libx264" and "capabilities" in text]
    assert "AVX512" not in said
