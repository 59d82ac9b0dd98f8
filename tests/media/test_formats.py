"""Every container that FFmpeg can write: it works, or it is refused by the name of its format."""

import av
import pytest
from muxers import list_muxers, write_with

from mcsyncd.errors import BadMedia
from mcsyncd.media.open import ALLOWED_FORMATS, find_format
from mcsyncd.probe.probe import probe_clip
from recordings import record

NAMED = {
    "asf": "ASF",
    "flv": "FLV",
    "gif": "Graphics Interchange",
    "rm": "RealMedia",
    "caf": "Core Audio",
    "nut": "NUT",
}
USED = {"mp4", "mov", "matroska", "mpegts", "mxf", "wav", "flac", "dv", "ogg", "mpeg", "adts", "mp3"}


def test_a_file_of_every_muxer_is_used_or_refused_with_a_next_action(tmp_path):
    used = set()
    for muxer in list_muxers():
        path = write_with(tmp_path / f"{muxer.replace(',', '-')}.bin", muxer)
        if path is None:
            continue
        refused = None
        try:
            assert probe_clip(path).container in ALLOWED_FORMATS
            used.add(muxer)
        except BadMedia as error:
            refused = error
        assert refused is None or (path.name in refused.message and refused.hint), muxer
    assert used >= USED


@pytest.mark.parametrize("muxer", NAMED)
def test_a_format_that_is_not_accepted_is_named_and_nobody_copies_it_again(muxer, tmp_path):
    path = write_with(tmp_path / "clip.mp4", muxer)
    with pytest.raises(BadMedia, match=rf"clip\.mp4 is not supported.*{NAMED[muxer]}") as caught:
        probe_clip(path)
    assert "re-wrap" in caught.value.hint
    assert "copy it from the card" not in caught.value.hint


def test_noise_has_no_format_and_the_log_is_as_before(tmp_path):
    level = av.logging.get_level()
    noise = tmp_path / "noise.gif"
    noise.write_bytes(bytes(range(7, 250)) * 9)
    assert find_format(noise) == ""
    assert av.logging.get_level() == level
    with pytest.raises(BadMedia, match=r"noise\.gif is not a readable recording"):
        probe_clip(noise)


def test_an_accepted_format_that_cannot_be_opened_is_damaged_and_is_not_called_unsupported(tmp_path):
    clip = record(tmp_path, "mp4 in fragments", 0.4)
    content = clip.read_bytes()
    clip.write_bytes(content[content.index(b"moof") - 4 :])
    with pytest.raises(BadMedia, match=r"cannot be opened: its QuickTime / MOV header") as caught:
        probe_clip(clip)
    assert "copy it from the card again" in caught.value.hint
    assert "re-wrap" not in caught.value.hint
