"""Rooms by a feedback delay network, with velvet noise for the early reflections.

Eight delay lines feed each other through a Hadamard matrix (Jot and Chaigne 1991); each is as long as a
way through the room. The network runs once for low and once for high frequencies, with the decay of that
band, and a pair of filters joins the two. The reflections before it are sparse pulses of random sign,
as in velvet noise (Järveläinen and Karjalainen 2007), ever denser. Sample 0 of every response is the direct
path, so the way of the sound to the microphone is no part of any truth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from acceptance.dsp import RATE, Sound, add_at, convolve, from_db, shape

_LINES = 8
_CROSSOVER_HZ = 1800.0
_AIR_DB = 0.07
"""Absorption at 8 kHz for a metre, 20 °C and 50 % humidity (ISO 9613-1: 0.08 to 0.1); it rises as f²."""


@dataclass(frozen=True, slots=True)
class Room:
    """A space: its mean way between walls in metres, and the seconds to fall by 60 dB, low and high."""

    way_m: float
    decay_low_s: float
    decay_high_s: float
    critical_m: float
    """Where direct sound and reverberation are equally loud."""
    seed: int

    def delays(self) -> npt.NDArray[np.int64]:
        """Return the delay lines in samples, spread around the mean way."""
        spread = np.random.default_rng(self.seed).uniform(0.7, 1.6, _LINES)
        return np.maximum((spread * self.way_m / 343 * RATE).astype(np.int64), 240)


LIVING_ROOM = (3.5, 0.45, 0.35, 1.4)
HALL = (12.0, 1.6, 1.1, 5.0)
CHURCH = (22.0, 4.2, 2.2, 5.0)
SPORTS_HALL = (18.0, 2.8, 1.9, 6.0)
STREET = (14.0, 0.7, 0.4, 18.0)
FIELD = (30.0, 0.35, 0.2, 60.0)
CLUB = (9.0, 0.9, 0.6, 4.0)


def build_room(rng: np.random.Generator, kind: tuple[float, float, float, float]) -> Room:
    """Return one room of a kind; no two are alike."""
    way, low, high, critical = (value * rng.uniform(0.8, 1.25) for value in kind)
    return Room(way, low, high, critical, int(rng.integers(1 << 31)))


def respond(rng: np.random.Generator, room: Room, distance_m: float, *, facing: float = 1.0) -> Sound:
    """Return the response of a microphone; `facing` is how much it favours what stands before it."""
    late = _run_network(room, rng)
    energy = float(np.sqrt(np.square(late, dtype=np.float64).sum())) or 1.0
    reverb = distance_m / room.critical_m / facing
    response = late * np.float32(0.8 * reverb / energy)
    early = _scatter_early(rng, room, late.size) * np.float32(0.6 * min(reverb, 1.5))
    response += early
    response[0] = 1.0
    air = -_AIR_DB * distance_m * np.square(np.array([100, 1000, 4000, 8000, 16000]) / 8000)
    return convolve(response, shape([100, 1000, 4000, 8000, 16000], air, 512))


def _scatter_early(rng: np.random.Generator, room: Room, size: int) -> Sound:
    """Return pulses that begin after the first way and get denser with the square of time."""
    pulses = np.zeros(size, np.float32)
    first_s = room.way_m / 343 * rng.uniform(0.25, 0.6)
    times = first_s + np.cbrt(rng.uniform(0, 1, 40)) * room.way_m / 343 * 2.5
    for time in times:
        at = int(time * RATE)
        if at < size:
            pulses[at] += rng.choice((-1.0, 1.0)) * first_s / time
    energy = float(np.sqrt(np.square(pulses).sum())) or 1.0
    return pulses / np.float32(energy)


def _run_network(room: Room, rng: np.random.Generator) -> Sound:
    """Return the late field: the same lines for all microphones of a room, with gains of their own."""
    inputs, outputs = rng.uniform(-1, 1, _LINES), rng.uniform(-1, 1, _LINES)
    low = _run_band(room.delays(), room.decay_low_s, inputs, outputs, room.decay_low_s)
    high = _run_band(room.delays(), room.decay_high_s, inputs, outputs, room.decay_low_s)
    edges = [_CROSSOVER_HZ / 4, _CROSSOVER_HZ, _CROSSOVER_HZ * 4]
    return convolve(low, shape(edges, [0, -3, -40], 1024)) + convolve(high, shape(edges, [-40, -3, 0], 1024))


def _run_band(
    delays: npt.NDArray[np.int64],
    decay_s: float,
    inputs: npt.NDArray[np.float64],
    outputs: npt.NDArray[np.float64],
    length_s: float,
) -> Sound:
    """Run the network in steps of its shortest line: within one, no line hears itself."""
    hadamard = np.array([[1.0]])
    while hadamard.shape[0] < _LINES:
        hadamard = np.block([[hadamard, hadamard], [hadamard, -hadamard]])
    feedback = hadamard / np.sqrt(_LINES) * from_db(-60) ** (delays / RATE / decay_s)
    step, size = int(delays.min()), int(length_s * RATE)
    lines = np.zeros((_LINES, int(delays.max()) + size + step))
    for line, delay in enumerate(delays):
        lines[line, delay] = inputs[line]
    out = np.zeros(size + step, np.float32)
    for at in range(0, size, step):
        now = lines[:, at : at + step]
        out[at : at + step] = outputs @ now
        fed = feedback @ now
        for line, delay in enumerate(delays):
            lines[line, at + delay : at + delay + step] += fed[line][: lines.shape[1] - at - delay]
    return out[:size]


def add_tower(response: Sound, delay_s: float, level_db: float) -> Sound:
    """Return the response with a loudspeaker tower that repeats all of it later, often louder."""
    delay = int(delay_s * RATE)
    longer = np.zeros(response.size + delay, np.float32)
    add_at(longer, response, 0)
    add_at(longer, response * np.float32(from_db(level_db)), delay)
    return longer
