import asyncio
import io
import os
import stat
import wave

import numpy as np
import pytest

from mcsyncd.errors import McsyncError
from mcsyncd.tui.review import playback as listen


def sound(left, right, rate=8000):
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.column_stack([left, right]).astype("<i2").tobytes())
    return out.getvalue()


def test_pairing_puts_the_reference_left_and_the_camera_right():
    ones, twos, threes = (np.full(100, value) for value in (1, 2, 3))
    with wave.open(io.BytesIO(listen.pair_channels(sound(ones, twos), sound(ones, threes[:100])))) as file:
        samples = np.frombuffer(file.readframes(-1), dtype="<i2").reshape(-1, 2)
        assert file.getframerate() == 8000
    assert (samples == [1, 3]).all()


def test_a_pair_is_as_long_as_the_shorter_excerpt():
    with wave.open(
        io.BytesIO(listen.pair_channels(sound([1] * 9, [1] * 9), sound([1] * 5, [1] * 5)))
    ) as file:
        assert file.getnframes() == 5


@pytest.mark.parametrize("broken", [b"", b"RIFF", b"not a sound at all"])
def test_invalid_wavs_raise_an_error(broken):
    with pytest.raises(McsyncError, match="WAV"):
        listen.pair_channels(broken, sound([1], [1]))


@pytest.fixture
def player(tmp_path, monkeypatch):
    """A player on an otherwise empty PATH that notes what it was given."""
    heard = tmp_path / "heard"
    script = tmp_path / "bin" / "aplay"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\nfor last; do :; done\n/bin/cat "$last" > {heard}\n')
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(script.parent))
    return heard


def silence(seconds):
    return sound(*[[0] * int(8000 * seconds)] * 2)


def test_the_first_player_found_is_used(player):
    asyncio.run(listen.AudioPlayback().play(silence(0.01)))
    assert player.read_bytes() == silence(0.01)


def test_a_player_without_a_device_is_not_taken_for_sound(player):
    """It exits with 0 at once, and the app said nothing."""
    with pytest.raises(McsyncError, match="nothing was heard") as caught:
        asyncio.run(listen.AudioPlayback().play(silence(4)))
    assert "--export-audio" in caught.value.hint


def test_a_player_that_fails_says_why(player):
    script = player.parent / "bin" / "aplay"
    script.write_text("#!/bin/sh\necho 'aplay: main:831: audio open error: No such file' >&2\nexit 1\n")
    with pytest.raises(McsyncError, match="audio open error"):
        asyncio.run(listen.AudioPlayback().play(silence(4)))


@pytest.mark.parametrize(
    ("heard", "expected"),
    [("apart", [100, 300]), ("reference", [100] * 2), ("angle", [300] * 2), ("mixed", [200] * 2)],
)
def test_what_goes_to_the_ears(heard, expected):
    wav = listen.blend_channels(sound([100] * 9, [300] * 9), heard)
    with wave.open(io.BytesIO(wav)) as file:
        samples = np.frombuffer(file.readframes(-1), dtype="<i2").reshape(-1, 2)
    assert (samples == expected).all()


def test_without_a_player_one_line_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(McsyncError, match="no audio player"):
        asyncio.run(listen.AudioPlayback().play(silence(1)))


def test_stopping_kills_the_player(tmp_path, monkeypatch):
    script = tmp_path / "aplay"
    script.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid\nexec /bin/sleep 60\n")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    async def play_and_leave():
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(listen.AudioPlayback().play(silence(1)), 1.0)

    asyncio.run(play_and_leave())
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)
