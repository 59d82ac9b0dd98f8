"""Two recordings of one sound, one by a clock that warms up: synced, conformed and laid beside each other."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import wave
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates, spline_filter1d

from benchmarks.clip_job import build_shipped_ref
from mcsyncd.conform.conform import conform_clip
from mcsyncd.model.drift_curve import DriftCurve, read_curve_document
from mcsyncd.model.rate import Rate, split_offset
from mcsyncd.probe.probe import probe_clip

_RATE = 16_000
_GRID = Rate(30)
_MADE_RATE = 48_000
_OFFSET_S, _DRIFT_PPM = 2.3456, 23.0
_WARMING_PPM, _WARMING_S = 9.0, 480.0
"""What the rate is higher by at first, and the seconds in which that falls to 1/e: a camera that was cold."""
_SYLLABLE_S = 0.12
_WINDOW_S, _STEP_S, _FURTHEST_S = 4, 60, 0.02
_CHUNK = 1 << 20

Wave = NDArray[np.float32]


def run(home: Path, minutes: float) -> None:
    """Print how far sound is off the reference all along, with the curve that sync found and without it."""
    scene = _make_sound(round(minutes * 60 * _RATE))
    _write_wav(home / "bent-a.wav", scene)
    _write_wav(home / "bent-b.wav", _record_sound(scene))
    command = [sys.executable, "-m", "mcsyncd", "align", "--json"]
    command += [f"cam_a={home / 'bent-a.wav'}", f"cam_b={home / 'bent-b.wav'}"]
    found = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    offset_us = round(found["offsets_ms"]["cam_b"] * 1000)
    drift_ppm, curve = found["drift_ppm"]["cam_b"], read_curve_document(found["drift_curve"]["cam_b"])
    print(f"{minutes:g} min, confidence {found['confidence']:.3f}, {len(curve)} knots")
    for name, applied in (("without a curve", ()), ("with it", curve)):
        began = time.process_time()
        made, first = _conform(home / "bent-b.wav", offset_us, drift_ppm, applied)
        spent_s = time.process_time() - began
        off_ms = _measure_offsets(scene, _read_samples(made), first) * 1000
        print(f"{name}: {np.abs(off_ms).max():.3f} ms off at most, conform {spent_s:.1f} CPU-s")


def _make_sound(samples: int) -> Wave:
    """Return noise of the band of speech, in syllables of random loudness."""
    random = np.random.default_rng(5)
    spectrum = np.fft.rfft(random.normal(size=samples).astype(np.float32))
    heard = np.fft.rfftfreq(samples, 1 / _RATE)
    spectrum[(heard < 150) | (heard > 3000)] = 0
    syllables = random.gamma(0.6, size=round(samples / _RATE / _SYLLABLE_S) + 2)
    loudness = np.interp(np.arange(samples) / _RATE / _SYLLABLE_S, np.arange(len(syllables)), syllables)
    sound = np.fft.irfft(spectrum, samples) * loudness
    return (sound / np.abs(sound).max() * 0.9).astype(np.float32)


def _record_sound(scene: Wave) -> Wave:
    """Return the scene as a clock that warms up samples it, by cubic splines."""
    own_s = np.arange(len(scene) - 10 * _RATE) / _RATE
    warmed_s = _WARMING_PPM * 1e-6 * _WARMING_S * (1 - np.exp(-own_s / _WARMING_S))
    places = (_OFFSET_S + own_s * (1 + _DRIFT_PPM * 1e-6) + warmed_s) * _RATE
    splines = spline_filter1d(scene.astype(np.float64), 3)
    parts = [
        map_coordinates(splines, [places[at : at + _CHUNK]], order=3, prefilter=False)
        for at in range(0, len(places), _CHUNK)
    ]
    return np.concatenate(parts).astype(np.float32)


def _write_wav(path: Path, sound: Wave) -> None:
    hiss = np.random.default_rng(len(sound)).normal(0, 0.002, len(sound))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(_RATE)
        file.writeframes(np.rint((sound + hiss).clip(-1, 1) * 32767).astype("<i2").tobytes())


def _conform(clip: Path, offset_us: int, drift_ppm: float, curve: DriftCurve) -> tuple[Path, int]:
    """Return the mezzanine, and the session's sample at which it begins."""
    tick, phase_us = split_offset(offset_us, _GRID)
    made = conform_clip(
        clip,
        probe_clip(clip),
        rate=_GRID,
        phase_us=phase_us,
        drift_ppm=drift_ppm,
        curve=curve,
        mezzanine=build_shipped_ref("mezz-h264"),
        proxy=build_shipped_ref("proxy-540p"),
        folder=clip.parent / "bent-made",
        stem=clip.stem,
    )
    mezzanine = made.get_rendition("mezzanine")
    assert mezzanine is not None
    return Path(mezzanine.path), round(tick / _GRID.fraction * _MADE_RATE)


def _read_samples(path: Path) -> Wave:
    with av.open(str(path)) as container:
        fitted = av.AudioResampler("flt", "mono", _MADE_RATE)
        frames = [one for frame in container.decode(audio=0) for one in fitted.resample(frame)]
        return np.concatenate([frame.to_ndarray()[0] for frame in frames])


def _measure_offsets(scene: Wave, made: Wave, first: int) -> NDArray[np.float64]:
    """Return the seconds by which windows of the rendition are late against the scene."""
    step = _MADE_RATE // _RATE
    size, reach = _WINDOW_S * _RATE, round(_FURTHEST_S * _RATE)
    found = []
    for at_s in range(_STEP_S // 12, len(made) // _MADE_RATE - _WINDOW_S, _STEP_S):
        begin = at_s * _RATE
        there = made[begin * step - first :][: size * step : step]  # the band is a fifth of this rate
        correlated = np.fft.irfft(
            np.fft.rfft(there, 2 * size) * np.conj(np.fft.rfft(scene[begin : begin + size], 2 * size))
        )
        near = np.concatenate([correlated[-reach:], correlated[:reach]])
        top = int(near.argmax())
        before, best, after = near[top - 1 : top + 2]
        found.append((top - reach + (before - after) / (2 * (before - 2 * best + after))) / _RATE)
    return np.array(found)
