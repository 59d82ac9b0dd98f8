import asyncio
import io
import os
import stat
import time
import wave
from pathlib import Path

import numpy as np
import pytest

from mcsyncd.errors import McsyncError
from mcsyncd.players.programs import Player
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
def player(tmp_path):
    """A player that notes what it was given."""
    script = tmp_path / "player"
    write_script(script, f'/bin/cat "$1" > {tmp_path}/heard')
    return Player("aplay", (str(script),))


def write_script(path, text):
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def play(wav, *players):
    playback = listen.AudioPlayback(players)
    asyncio.run(playback.play(wav))
    return playback


def silence(seconds):
    return sound(*[[0] * int(8000 * seconds)] * 2)


def test_a_player_gets_the_sound(player, tmp_path):
    play(silence(0.01), player)
    assert (tmp_path / "heard").read_bytes() == silence(0.01)


def test_a_player_without_a_device_is_not_taken_for_sound(player):
    """It exits with 0 at once, and the app said nothing."""
    with pytest.raises(McsyncError, match=r"aplay ended after .* nothing was heard") as caught:
        play(silence(4), player)
    assert "--export-audio" in caught.value.hint


def test_a_player_that_fails_says_why(player):
    broken = "echo 'aplay: main:831: audio open error: No such file' >&2\nexit 1"
    write_script(Path(player.command[0]), broken)
    with pytest.raises(McsyncError, match=r"aplay played nothing: .*audio open error"):
        play(silence(4), player)


def test_after_a_player_that_fails_the_next_one_plays(player, tmp_path):
    broken = tmp_path / "broken"
    write_script(broken, f"echo again >> {tmp_path}/tried\nexit 1")
    playback = listen.AudioPlayback([Player("broken", (str(broken),)), player])
    for _ in range(2):
        asyncio.run(playback.play(silence(0.01)))
    assert (tmp_path / "heard").exists()
    assert (tmp_path / "tried").read_text() == "again\n", "it is not asked again"


def test_the_playhead_begins_with_the_sound_not_with_the_program(tmp_path):
    script = tmp_path / "slow"
    write_script(script, "/bin/sleep 0.4\necho playing\n/bin/sleep 0.4")
    playback = listen.AudioPlayback([Player("slow", (str(script),), reports_start=True)])

    async def watch():
        task = asyncio.create_task(playback.play(silence(0.5)))
        began = time.monotonic()
        while playback.elapsed_s is None:
            await asyncio.sleep(0.01)
        waited_s, elapsed_s = time.monotonic() - began, playback.elapsed_s
        await task
        return waited_s, elapsed_s

    waited_s, elapsed_s = asyncio.run(watch())
    assert waited_s >= 0.4
    assert elapsed_s < waited_s - 0.3
    assert playback.elapsed_s is None


@pytest.mark.parametrize(
    ("heard", "expected"),
    [("apart", [100, 300]), ("reference", [100] * 2), ("angle", [300] * 2), ("mixed", [200] * 2)],
)
def test_what_goes_to_the_ears(heard, expected):
    wav = listen.blend_channels(sound([100] * 9, [300] * 9), heard)
    with wave.open(io.BytesIO(wav)) as file:
        samples = np.frombuffer(file.readframes(-1), dtype="<i2").reshape(-1, 2)
    assert (samples == expected).all()


def test_without_a_player_one_line_says_so():
    with pytest.raises(McsyncError, match="no audio player"):
        play(silence(1))


def test_stopping_kills_the_player(tmp_path):
    script = tmp_path / "aplay"
    write_script(script, f"echo $$ > {tmp_path}/pid\nexec /bin/sleep 60")

    async def play_and_leave():
        playback = listen.AudioPlayback([Player("aplay", (str(script),))])
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(playback.play(silence(1)), 1.0)

    asyncio.run(play_and_leave())
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)
