"""Let the solver answer a session: write its files, run `mcsyncd align --json`, and keep what it said."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from acceptance.files import write_clip
from acceptance.generate import make_session
from acceptance.session import Check, Session
from acceptance.shoot import Take
from acceptance.sources import Library

_TIMEOUT_S = 900.0
"""Far more than ten minutes of four cameras take."""


@dataclass(frozen=True, slots=True)
class Placed:
    """Where the solver puts a clip; an offset of None leaves it without a place."""

    angle: str
    offset_ms: float | None
    drift_ppm: float
    disposition: str


@dataclass(frozen=True, slots=True)
class Trial:
    """A session, its truth and what the solver said: a line of the results."""

    seed: int
    condition: str
    group: str
    seconds: float
    checks: tuple[tuple[Check, ...] | None, ...]
    placed: tuple[Placed, ...]
    confidence: float
    reasons: tuple[str, ...]
    made_s: float
    solved_s: float
    fault: str = ""
    """What the solver said in place of an answer."""


def try_seed(seed: int, sources: Path | None, scratch: Path | None = None) -> Trial:
    """Make the session of a seed, let the solver answer it, and delete its files."""
    began = time.monotonic()
    session = make_session(seed, Library(sources))
    with tempfile.TemporaryDirectory(prefix="acceptance-", dir=scratch) as name:
        arguments = write_session(session, Path(name))
        made_s = time.monotonic() - began
        told, fault = _ask(arguments)
    return read_answer(session, told, made_s, time.monotonic() - began - made_s, fault)


def write_session(session: Session, folder: Path) -> list[str]:
    """Write the clips and return the arguments that name them to `align`."""
    arguments, files = [], list[Path]()
    for number, take in enumerate(session.takes):
        file = folder / _name_file(number, take)
        if take.copy_of is None:
            write_clip(file, take.sound, take.form)
        else:
            file.write_bytes(files[take.copy_of].read_bytes())
        files.append(file)
        arguments.append(f"{take.camera.angle}={file}")
    return arguments


def _ask(arguments: list[str]) -> tuple[dict[str, Any], str]:
    command = [sys.executable, "-m", "mcsyncd", "align", "--json", *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        return {}, f"no answer within {_TIMEOUT_S:.0f} s"
    if done.returncode:
        return {}, f"exit code {done.returncode}: {done.stderr.strip()[-300:]}"
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer, ""


def read_answer(
    session: Session, told: dict[str, Any], made_s: float = 0.0, solved_s: float = 0.0, fault: str = ""
) -> Trial:
    """Return the trial for a parsed answer; an empty one places nothing."""
    placed = [
        _find_clip(told, take.camera.angle, _name_file(number, take))
        for number, take in enumerate(session.takes)
    ]
    return Trial(
        seed=session.seed,
        condition=session.condition.name,
        group=session.condition.group,
        seconds=session.seconds,
        checks=session.checks,
        placed=tuple(placed),
        confidence=float(told.get("confidence") or 0.0),
        reasons=tuple(dict.fromkeys(f"{one['code']} {one['subject']}" for one in told.get("reasons", []))),
        made_s=round(made_s, 2),
        solved_s=round(solved_s, 2),
        fault=fault,
    )


def _name_file(number: int, take: Take) -> str:
    return f"{take.camera.angle}_{number:03}.{take.form.ending}"


def _find_clip(told: dict[str, Any], angle: str, name: str) -> Placed:
    """Return the place of a clip; where every angle has one clip, angles alone may be listed."""
    if clips := told.get("clips", {}).get(angle):
        clip: dict[str, Any] = next((one for one in clips if one["name"] == name), {})
        drift = clip.get("drift_ppm") or 0.0
        return Placed(angle, clip.get("offset_ms"), drift, clip.get("disposition", ""))
    offset = told.get("offsets_ms", {}).get(angle)
    return Placed(angle, offset, told.get("drift_ppm", {}).get(angle) or 0.0, "")


def to_line(trial: Trial) -> str:
    """Return the trial as one line of JSON."""
    return json.dumps(asdict(trial))


def from_line(line: str) -> Trial:
    """Return the trial of a line."""
    told = json.loads(line)
    checks = (one and tuple((float(here), float(there)) for here, there in one) for one in told["checks"])
    told["checks"] = tuple(checks)
    told["placed"] = tuple(Placed(**one) for one in told["placed"])
    told["reasons"] = tuple(told["reasons"])
    return Trial(**told)
